//! Streams in the containers that browsers record: Ogg (Firefox) and fragmented MP4 (Safari). WebM is in `webm.rs`.

use clstm::audio::{DecodeLimits, decode_bytes};
use clstm_server::Limits;
use clstm_test_support::ogg::page;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::get;
use crate::stream::{assert_close, expected, fails, received};
use crate::support::{RATE, TestServer, config, conversation, sample};
use crate::webm::speech;

/// The packets of a WebM recording with one track.
fn packets(webm: &[u8]) -> Vec<&[u8]> {
    let (mut packets, mut at) = (Vec::new(), 0);
    while at < webm.len() {
        let id_len = webm[at].leading_zeros() as usize + 1;
        let id = webm[at..at + id_len].iter().fold(0_u32, |id, byte| id << 8 | u32::from(*byte));
        let len_at = at + id_len;
        let len_len = webm[len_at].leading_zeros() as usize + 1;
        let len =
            webm[len_at..len_at + len_len].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        let len = (len & !(1 << (7 * len_len))) as usize;
        at = len_at + len_len;
        match id {
            // Segment and clusters: their children follow.
            0x1853_8067 | 0x1F43_B675 => {}
            // A block: the number of its track, its time and flags, and the packet.
            0xA3 => {
                packets.push(&webm[at + 4..at + len]);
                at += len;
            }
            _ => at += len,
        }
    }
    packets
}

/// The same recording as Firefox writes it: pages of some packets, the time at their end.
fn ogg(webm: &[u8]) -> Vec<u8> {
    let head = webm.windows(8).position(|bytes| bytes == b"OpusHead").expect("a header");
    let mut file = page(1, 0, 2, 0, &[&webm[head..head + 19]]);
    file.extend(page(1, 1, 0, 0, &[b"OpusTags\0\0\0\0\0\0\0\0"]));
    let packets = packets(webm);
    assert!(packets.len() > 30, "{} packets", packets.len());
    let chunks = packets.chunks(7);
    let (mut time, last) = (0, chunks.len() - 1);
    for (number, chunk) in chunks.enumerate() {
        // 60 ms each, which is what the browser recorded.
        time += 2880 * chunk.len() as i64;
        let flags = if number == last { 4 } else { 0 };
        file.extend(page(1, 2 + number as u32, flags, time, chunk));
    }
    file
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Fragmented MP4 with 16-bit samples at `rate` in Hz, a fragment every half second.
fn fragmented_mp4(samples: &[f32], rate: u32) -> Vec<u8> {
    let entry =
        [&[0; 6][..], &[0, 1], &[0; 8], &[0, 1, 0, 16, 0, 0, 0, 0], &(rate << 16).to_be_bytes()]
            .concat();
    let description = boxed(b"stsd", &[words(&[0, 1]), boxed(b"sowt", &entry)].concat());
    let none = |kind: &[u8; 4], count: usize| boxed(kind, &words(&vec![0; count]));
    let tables =
        [description, none(b"stts", 2), none(b"stsc", 2), none(b"stsz", 3), none(b"stco", 2)];
    let media = [
        boxed(b"mdhd", &words(&[0, 0, 0, rate, 0, 0])),
        boxed(b"hdlr", &[&words(&[0, 0])[..], b"soun", &[0; 13]].concat()),
        boxed(b"minf", &boxed(b"stbl", &tables.concat())),
    ]
    .concat();
    let header = boxed(b"tkhd", &words(&[&[7, 0, 0, 1][..], &[0; 17]].concat()));
    let track = boxed(b"trak", &[header, boxed(b"mdia", &media)].concat());
    let extends = boxed(b"mvex", &boxed(b"trex", &words(&[0, 1, 1, 1, 2, 0])));
    let movie = [boxed(b"mvhd", &words(&[0, 0, 0, 1000, 0])), track, extends].concat();
    let mut file = [boxed(b"ftyp", b"iso5\0\0\0\0iso5"), boxed(b"moov", &movie)].concat();
    for (number, samples) in samples.chunks(rate as usize / 2).enumerate() {
        let moof = |offset: u32| {
            let run = [&[0, 0, 0, 1][..], &words(&[samples.len() as u32, offset])].concat();
            let time = number as u32 * (rate / 2);
            let fragment = [
                boxed(b"tfhd", &words(&[0x02_0000, 1])),
                boxed(b"tfdt", &words(&[0, time])),
                boxed(b"trun", &run),
            ];
            boxed(b"moof", &boxed(b"traf", &fragment.concat()))
        };
        file.extend(moof(moof(0).len() as u32 + 8));
        let words = samples.iter().map(|x| (x * 32_767.0).round() as i16);
        file.extend(boxed(b"mdat", &words.flat_map(i16::to_le_bytes).collect::<Vec<_>>()));
    }
    file
}

#[tokio::test]
async fn streams_of_firefox_and_safari_are_decoded_as_they_arrive() {
    let server = TestServer::start(config()).await;
    let recordings = [
        ("ogg", ogg(&speech()), 48_000),
        ("mp4", fragmented_mp4(&conversation(), RATE), RATE),
        ("webm", speech(), 48_000),
    ];
    for (format, bytes, rate) in &recordings {
        let sound = decode_bytes(bytes, None, &DecodeLimits::default()).expect("sound").waveform;
        assert_eq!(sound.sample_rate, *rate, "{format}");
        let expected = expected(&sound.samples, *rate, 0.25);
        assert!(expected.iter().any(|event| event["label"].is_string()), "{format}");
        // Announced, announced as another container, and not announced.
        for query in [
            format!("?format={format}&hop=0.25"),
            "?format=webm&hop=0.25".to_owned(),
            "?hop=0.25".to_owned(),
        ] {
            for sizes in [&[400][..], &[1 << 20], &[1, 7, 1300]] {
                let all = received(&server, &query, bytes, sizes).await;
                let [_, events @ .., end] = &all[..] else { panic!("no events") };
                let duration_s = sound.samples.len() as f64 / f64::from(*rate);
                assert_close(end, &json!({"type": "end", "duration_s": duration_s}));
                assert_eq!(events.len(), expected.len(), "{format} {query} {sizes:?}");
                events
                    .iter()
                    .zip(&expected)
                    .for_each(|(event, expected)| assert_close(event, expected));
            }
        }
    }
}

#[tokio::test]
async fn a_damaged_page_is_reported_at_the_end() {
    let server = TestServer::start(config()).await;
    let mut bytes = ogg(&speech());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    let all = received(&server, "?format=ogg", &bytes, &[500]).await;
    let end = all.last().expect("an end");
    assert!(end["damaged"]["message"].as_str().is_some_and(|m| m.contains("Ogg page")), "{end}");
}

#[tokio::test]
async fn other_containers_end_a_stream_whatever_is_announced() {
    let server = TestServer::start(config()).await;
    let mut flac = b"fLaC\0\0\0\x22".to_vec();
    flac.resize(200, 0);
    let mp4 = [boxed(b"ftyp", b"M4A \0\0\0\0M4A "), boxed(b"mdat", &[0; 100])].concat();
    for bytes in [sample(), flac, mp4] {
        for query in ["", "?format=f32le", "?format=ogg"] {
            let message = Message::Binary(bytes.clone().into());
            assert_eq!(
                fails(&server, query, message).await,
                ("format".to_owned(), 1008),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn packets_of_a_few_bytes_are_not_all_decoded_at_once() {
    let limits = Limits { max_stream_s: 60.0, ..Limits::default() };
    let server = TestServer::with(limits).await;
    // 60 ms of Opus in four bytes, 15 s in a page of 1.3 KB.
    let packets = vec![&[0x18_u8, 1, 2, 3][..]; 255];
    let mut bytes = page(1, 0, 2, 0, &[b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"]);
    bytes.extend(page(1, 1, 0, 0, &[b"OpusTags\0\0\0\0\0\0\0\0"]));
    for number in 0..200_u32 {
        bytes.extend(page(1, 2 + number, 0, i64::from(number + 1) * 255 * 2880, &packets));
    }
    // One message with more than 50 minutes.
    let error = fails(&server, "?format=ogg", Message::Binary(bytes.into())).await;
    assert_eq!(error, ("too_long".to_owned(), 1008));
    let metrics = get(server.address, "/metrics").await.body;
    let text = String::from_utf8_lossy(&metrics);
    let seconds = text.lines().find_map(|line| line.strip_prefix("clstm_audio_seconds_total "));
    let seconds: f64 = seconds.expect("the metric").parse().expect("a number");
    assert!((60.0..600.0).contains(&seconds), "{seconds} s were decoded");
}
