use proptest::collection::vec;
use proptest::prelude::*;

use super::{Demuxer, Part, id};
use crate::AudioError;

/// An element of known length.
fn element(id: u32, inside: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let id = &id[id.iter().position(|byte| *byte > 0).unwrap()..];
    let len = (inside.len() as u64 | 1 << 56).to_be_bytes();
    [id, &len, inside].concat()
}

/// The header of one without a length.
fn open(id: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()
}

fn track(number: u8, codec: &[u8]) -> Vec<u8> {
    let fields = [
        element(id::TRACK_NUMBER, &[number]),
        element(id::CODEC_ID, codec),
        element(id::CODEC_PRIVATE, b"the head"),
    ];
    element(id::TRACK_ENTRY, &fields.concat())
}

fn block(id: u32, track: u8, flags: u8, packet: &[u8]) -> Vec<u8> {
    element(id, &[&[0x80 | track, 0, 0, flags][..], packet].concat())
}

/// Two tracks, of which the second is Opus, and clusters as browsers and others write them.
fn stream() -> Vec<u8> {
    let tracks = [track(1, b"V_VP8"), track(2, b"A_OPUS")].concat();
    [
        element(id::EBML, b"any header"),
        open(id::SEGMENT),
        element(0xEC, &[0; 300]),
        element(id::TRACKS, &tracks),
        open(id::CLUSTER),
        element(0xE7, &[0]),
        block(id::SIMPLE_BLOCK, 2, 0x80, b"first"),
        block(id::SIMPLE_BLOCK, 1, 0x80, b"a picture"),
        element(id::CLUSTER, &block(id::SIMPLE_BLOCK, 2, 0, b"second")),
        element(id::BLOCK_GROUP, &block(id::BLOCK, 2, 0, b"third")),
    ]
    .concat()
}

/// What is found in pieces.
fn parts<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<String>, AudioError> {
    let mut demuxer = Demuxer::default();
    let mut all = Vec::new();
    for piece in pieces {
        demuxer.push(piece, |part| {
            all.push(match part {
                Part::Head(head) => format!("head {}", String::from_utf8_lossy(head)),
                Part::Packet(packet, _) => String::from_utf8_lossy(packet).into_owned(),
            });
            Ok(())
        })?;
    }
    Ok(all)
}

#[test]
fn packets_are_found_wherever_the_pieces_end() {
    let stream = stream();
    let expected = ["head the head", "first", "second", "third"];
    for size in 1..stream.len() + 1 {
        assert_eq!(parts(stream.chunks(size)).unwrap(), expected, "{size}");
    }
}

#[test]
fn other_streams_are_refused_at_once() {
    let kind = |bytes: &[u8]| parts([bytes]).unwrap_err().kind();
    assert_eq!(kind(b"R"), "format");
    assert_eq!(kind(b"\x1A\x45\xDF\xA4"), "format");
    let begun = [element(id::EBML, b""), open(id::SEGMENT)].concat();
    let with = |more: &[u8]| [&begun[..], more].concat();
    let tracks = |track: &[u8]| with(&element(id::TRACKS, track));
    assert_eq!(kind(&tracks(&track(1, b"A_VORBIS"))), "format");
    assert_eq!(kind(&tracks(&element(id::TRACK_ENTRY, b"\x00"))), "decode");
    let encrypted = [element(id::CODEC_ID, b"A_OPUS"), element(id::CONTENT_ENCODINGS, b"")];
    assert_eq!(kind(&tracks(&element(id::TRACK_ENTRY, &encrypted.concat()))), "format");
    assert_eq!(kind(&with(&block(id::SIMPLE_BLOCK, 1, 0, b"too early"))), "decode");
    let laced = [element(id::TRACKS, &track(1, b"A_OPUS")), block(id::SIMPLE_BLOCK, 1, 2, b"xx")];
    assert_eq!(kind(&with(&laced.concat())), "format");
    assert_eq!(kind(&with(&[0x00, 0x01])), "decode");
    // What would have to be held is bounded before it comes.
    assert_eq!(kind(&with(&[0xA3, 0x08, 0x01, 0x00, 0x00, 0x00])), "decode");
    assert_eq!(kind(&with(&[0xA3, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])), "decode");
}

#[test]
fn times_are_those_of_cluster_and_block() {
    let fields = [
        element(id::TRACK_NUMBER, &[1]),
        element(id::CODEC_ID, b"A_OPUS"),
        element(id::CODEC_PRIVATE, b"the head"),
        // 6.5 ms.
        element(id::CODEC_DELAY, &6_500_000_u32.to_be_bytes()),
    ];
    let stream = [
        element(id::EBML, b""),
        open(id::SEGMENT),
        element(id::TRACKS, &element(id::TRACK_ENTRY, &fields.concat())),
        open(id::CLUSTER),
        element(id::TIMESTAMP, &[0x03, 0xe8]),
        element(id::SIMPLE_BLOCK, b"\x81\x00\x14\x00packet"),
    ];
    let mut times = Vec::new();
    let take = |part: Part<'_>| {
        if let Part::Packet(_, time) = part {
            times.push((time.value, time.per_second));
        }
        Ok(())
    };
    Demuxer::default().push(&stream.concat(), take).unwrap();
    assert_eq!(times, [(1014, 1000)]);
}

proptest! {
    #[test]
    fn damage_never_panics_and_little_is_held(
        places in vec((0..400_usize, any::<u8>()), 0..8),
        size in 1..100_usize,
    ) {
        let mut stream = stream();
        for (at, byte) in places {
            let at = at % stream.len();
            stream[at] = byte;
        }
        let mut demuxer = Demuxer::default();
        for piece in stream.chunks(size) {
            if demuxer.push(piece, |_| Ok(())).is_err() {
                break;
            }
            prop_assert!(demuxer.held.len() <= stream.len());
        }
    }
}
