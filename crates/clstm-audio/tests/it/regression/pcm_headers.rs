//! Headers of WAV, AIFF and CAF that readers accept and the demuxers refuse.

use clstm_audio::{DecodeLimits, decode_bytes};
use clstm_test_support::aiff::aiff;
use clstm_test_support::caf::caf;

use super::{chunk, damage, decode, riff};
use crate::support::mp4::to_i16;
use crate::support::{Format, data_len_at, fixture, sine, wav};

const RATE: u32 = 16_000;

/// The end of a GUID behind its format tag.
const GUID: &[u8] = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

fn tone() -> Vec<f64> {
    sine(440.0, 0.5, RATE, 0.1)
}

/// A format chunk of a mono file at 16 kHz.
fn format(tag: u16, frame_len: u16, bits: u16, extension: &[u8]) -> Vec<u8> {
    let bytes_per_second = RATE * u32::from(frame_len);
    let mut body = [tag, 1].map(u16::to_le_bytes).concat();
    body.extend([RATE, bytes_per_second].map(u32::to_le_bytes).concat());
    body.extend([frame_len, bits].map(u16::to_le_bytes).concat());
    body.extend(extension);
    chunk(b"fmt ", &body)
}

/// The extension of an extensible format chunk.
fn extensible(valid_bits: u16, mask: u32, tag: u16) -> Vec<u8> {
    let fields = [&22_u16.to_le_bytes()[..], &valid_bits.to_le_bytes(), &mask.to_le_bytes()];
    [&fields.concat()[..], &tag.to_le_bytes(), GUID].concat()
}

/// The bytes of the samples of a mono WAV.
fn data(format: Format) -> Vec<u8> {
    let file = wav(&tone(), RATE, 1, format);
    file[file.len() - tone().len() * format.bytes()..].to_vec()
}

/// Format chunks that are longer or shorter than usual, or whose fields contradict each other, were refused as damaged.
#[test]
fn the_form_of_the_format_chunk_does_not_matter() {
    let words = data(Format::S16);
    let expected = decode(&wav(&tone(), RATE, 1, Format::S16)).waveform.samples;
    for extension in [&[][..], &[0; 2], &[0; 4], &[2, 0, 1, 1], &[7; 60]] {
        let file = riff(&[format(1, 2, 16, extension), chunk(b"data", &words)]);
        assert_eq!(decode(&file).strict().unwrap().samples, expected, "{extension:?}");
    }
    for mask in [0, 4, 0x4_0000, 0x8000_0000, u32::MAX] {
        for valid_bits in [0, 16, 24] {
            let extension = extensible(valid_bits, mask, 1);
            let file = riff(&[format(0xfffe, 2, 16, &extension), chunk(b"data", &words)]);
            let samples = decode(&file).strict().unwrap().samples;
            assert_eq!(samples, expected, "mask {mask:x}, {valid_bits} bits");
        }
    }
    let floats = data(Format::F32);
    for (tag, extension) in [(3, vec![2, 0, 1, 1]), (3, vec![0; 3]), (0xfffe, extensible(0, 4, 3))]
    {
        let file = riff(&[format(tag, 4, 32, &extension), chunk(b"data", &floats)]);
        let samples = decode(&file).strict().unwrap().samples;
        assert!(samples.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}

/// The bytes of the samples of a WAV.
fn law_bytes(file: &[u8]) -> &[u8] {
    let at = data_len_at(file);
    let len = u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    &file[at + 4..at + 4 + len]
}

/// Telephone recordings with a format chunk of 16 bytes, or with the extensible one, were refused.
#[test]
fn companded_samples_need_no_extension() {
    let file = fixture("mulaw.wav");
    let expected = decode(&file).strict().unwrap();
    assert_eq!(expected.sample_rate, RATE);
    let samples = chunk(b"data", law_bytes(&file));
    for (tag, extension) in
        [(7, vec![]), (7, vec![0; 2]), (7, vec![0; 22]), (0xfffe, extensible(8, 4, 7))]
    {
        let file = riff(&[format(tag, 1, 8, &extension), samples.clone()]);
        assert_eq!(decode(&file).strict().unwrap(), expected, "{tag} {extension:?}");
    }
    let file = riff(&[format(6, 1, 8, &[]), samples]);
    assert_eq!(decode(&file).strict().unwrap().samples.len(), expected.samples.len());
}

/// 24 bits in four bytes were read as samples of three bytes: noise of another length.
#[test]
fn samples_may_occupy_more_bytes_than_they_have() {
    let words = data(Format::S32);
    let expected = decode(&wav(&tone(), RATE, 1, Format::S32)).waveform.samples;
    let file = riff(&[format(1, 4, 24, &[]), chunk(b"data", &words)]);
    assert_eq!(decode(&file).strict().unwrap().samples, expected);
    // A length of a frame that the bytes of a second contradict is wrong.
    let words = data(Format::S16);
    let expected = decode(&wav(&tone(), RATE, 1, Format::S16)).waveform.samples;
    let mut file = riff(&[format(1, 2, 16, &[]), chunk(b"data", &words)]);
    file[32] = 4;
    assert_eq!(decode(&file).strict().unwrap().samples, expected);
}

/// Without a number of bytes a second, missing samples counted as hours.
#[test]
fn missing_seconds_do_not_depend_on_the_bytes_of_a_second() {
    let mut file = wav(&tone(), RATE, 1, Format::S16);
    file[28..32].fill(0);
    let (kept, damaged) = damage(&file[..file.len() - 1600]);
    assert!((kept + damaged.missing_s - 0.1).abs() < 1e-6, "{kept} {damaged:?}");
}

/// A chunk of AIFF, padded to an even length or not, that declares `len` bytes.
fn iff(id: &[u8; 4], body: &[u8], padded: bool, len: usize) -> Vec<u8> {
    let padding: &[u8] = if padded && body.len() % 2 == 1 { &[0] } else { &[] };
    [&id[..], &(len as u32).to_be_bytes(), body, padding].concat()
}

/// An AIFF or AIFC of these chunks.
fn form(kind: &[u8; 4], chunks: &[&[u8]]) -> Vec<u8> {
    let body = chunks.concat();
    [&b"FORM"[..], &(body.len() as u32 + 4).to_be_bytes(), kind, &body].concat()
}

/// The description and the samples of a plain AIFF, as chunks.
fn parts() -> (Vec<u8>, Vec<u8>, Vec<f32>) {
    let plain = aiff(&to_i16(&tone()), RATE);
    let at = |id: &[u8]| plain.windows(4).position(|found| found == id).unwrap();
    let (common, sound) = (at(b"COMM"), at(b"SSND"));
    let samples = decode(&plain).strict().unwrap().samples;
    (plain[common..common + 26].to_vec(), plain[sound..].to_vec(), samples)
}

/// AIFF with its chunks in another order, unpadded or too long ones was called damaged.
#[test]
fn the_order_and_lengths_of_chunks_of_aiff_do_not_matter() {
    let (common, sound, expected) = parts();
    let name = iff(b"NAME", b"abc", false, 3);
    let long = iff(b"ANNO", b"abcdef", true, 0x00ff_ffff);
    let longer = iff(b"ANNO", b"abcdef", true, 20);
    for (what, file) in [
        ("samples first", form(b"AIFF", &[&sound, &common])),
        ("unpadded", form(b"AIFF", &[&name, &common, &name, &sound])),
        ("too long", form(b"AIFF", &[&common, &long, &sound])),
        ("longer than the rest", form(b"AIFF", &[&long, &common, &sound])),
        ("into the next chunk", form(b"AIFF", &[&longer, &common, &sound])),
    ] {
        assert_eq!(decode(&file).strict().unwrap().samples, expected, "{what}");
    }
    // An offset before the first sample, and a size of blocks.
    let mut aligned = sound[..16].to_vec();
    aligned[4..8].copy_from_slice(&(sound.len() as u32 - 8 + 8).to_be_bytes());
    aligned[8..16].copy_from_slice(&[0, 0, 0, 8, 0, 0, 2, 0]);
    aligned.extend([0x55; 8]);
    aligned.extend(&sound[16..]);
    let file = form(b"AIFF", &[&common, &aligned]);
    assert_eq!(decode(&file).strict().unwrap().samples, expected, "aligned");
    // Neither of the two is found.
    let neither = form(b"AIFF", &[&long, &name]);
    assert!(decode_bytes(&neither, None, &DecodeLimits::default()).is_err());
}

/// AIFC of little-endian or named big-endian integers was read at 16 bits alone.
#[test]
fn integers_of_aifc_have_any_number_of_bytes() {
    let (common, ..) = parts();
    let values: Vec<i32> = tone().iter().map(|x| (x * 2_147_483_647.0) as i32).collect();
    let limits = DecodeLimits::default();
    for bytes in [2_usize, 3, 4] {
        for codec in [b"sowt", b"twos", b"NONE"] {
            let mut common = common.clone();
            common[14..16].copy_from_slice(&(8 * bytes as u16).to_be_bytes());
            let common = [&common[8..], &codec[..], &[0, 0]].concat();
            let mut sound = vec![0; 8];
            for value in &values {
                let mut sample = value.to_be_bytes()[..bytes].to_vec();
                if codec == b"sowt" {
                    sample.reverse();
                }
                sound.extend(sample);
            }
            let sound = iff(b"SSND", &sound, true, sound.len());
            let file = form(b"AIFC", &[&iff(b"COMM", &common, true, common.len()), &sound]);
            let decoded = decode(&file).strict().unwrap();
            assert_eq!((decoded.samples.len(), decoded.sample_rate), (tone().len(), RATE));
            let step = 2_f32.powi(1 - 8 * bytes as i32) + 1e-6;
            let mut pairs = decoded.samples.iter().zip(tone());
            assert!(
                pairs.all(|(a, b)| (a - b as f32).abs() <= step),
                "{bytes} bytes of {}",
                String::from_utf8_lossy(codec)
            );
        }
    }
    // A codec without a decoder is named.
    let compressed = [&common[8..], b"ima4\0\0"].concat();
    let sound = iff(b"SSND", &[0; 76], true, 76);
    let file = form(b"AIFC", &[&iff(b"COMM", &compressed, true, compressed.len()), &sound]);
    let error = decode_bytes(&file, None, &limits).unwrap_err().to_string();
    assert!(error.contains("IMA ADPCM") && error.contains("ffmpeg"), "{error}");
}

/// A CAF of these chunks.
fn caf_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = b"caff\0\x01\0\0".to_vec();
    for (kind, content) in chunks {
        file.extend(*kind);
        file.extend((content.len() as u64).to_be_bytes());
        file.extend(*content);
    }
    file
}

/// The description of mono samples: the codec, and bytes, frames and bits of a packet.
fn description(rate: u32, codec: &[u8; 4], sizes: [u32; 2], bits: u32) -> Vec<u8> {
    let mut fields = f64::from(rate).to_be_bytes().to_vec();
    fields.extend(codec);
    fields.extend([0, sizes[0], sizes[1], 1, bits].map(u32::to_be_bytes).concat());
    fields
}

/// A table of packets with these numbers of packets and frames, and these entries.
fn table(count: u64, [valid, priming, remainder]: [u32; 3], entries: &[u8]) -> Vec<u8> {
    let mut table = [count, u64::from(valid)].map(u64::to_be_bytes).concat();
    table.extend([priming, remainder].map(u32::to_be_bytes).concat());
    table.extend(entries);
    table
}

/// A table of packets beside samples of one size made a CAF unreadable.
#[test]
fn a_packet_table_of_caf_that_is_not_needed_is_passed_over() {
    let plain = caf(&to_i16(&tone()), RATE);
    let at = plain.windows(4).position(|id| id == b"data").unwrap();
    let needless = table(1600, [1600, 0, 0], &[]);
    let needless = [&b"pakt"[..], &(needless.len() as u64).to_be_bytes(), &needless].concat();
    let file = [&plain[..at], &needless, &plain[at..]].concat();
    assert_eq!(decode(&file).strict().unwrap(), decode(&plain).strict().unwrap());
}

/// Companded samples in CAF were refused.
#[test]
fn companded_samples_of_caf_are_decoded() {
    let wave = fixture("mulaw.wav");
    let data = [&[0; 4][..], law_bytes(&wave)].concat();
    let desc = description(RATE, b"ulaw", [1, 1], 8);
    let file = caf_of(&[(b"desc", &desc), (b"data", &data)]);
    assert_eq!(decode(&file).strict().unwrap(), decode(&wave).strict().unwrap());
}

/// Opus in CAF, as voice messages have it, was refused without a header of its own; reserved bytes and a wrong number in the
/// table of packets made every CAF with packets unreadable; and the encoder's delay was presented.
#[test]
fn packets_of_caf_are_those_that_fill_its_data() {
    let packet: Vec<u8> =
        (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) }).collect();
    let data = [&[0; 4][..], &packet.repeat(10)].concat();
    let sizes = [40; 10];
    let reserved = [&sizes[..], &[0; 30]].concat();
    // Packets of 20 ms; the times of the table count at the rate of the description.
    for rate in [48_000, 24_000] {
        let desc = description(rate, b"opus", [0, rate / 50], 0);
        let scale = 48_000 / rate as usize;
        for (what, entries, count) in
            [("right", &sizes[..], 10), ("reserved", &reserved[..], 10), ("too few", &sizes[..], 5)]
        {
            for (priming, remainder) in [(0, 0), (156, 100)] {
                let valid = 10 * rate / 50 - priming - remainder;
                let pakt = table(count, [valid, priming, remainder], entries);
                let file = caf_of(&[(b"desc", &desc), (b"pakt", &pakt), (b"data", &data)]);
                let decoded = decode(&file).strict().unwrap();
                let expected = scale * valid as usize;
                assert_eq!(decoded.samples.len(), expected, "{what} at {rate} Hz, {priming}");
                assert_eq!(decoded.sample_rate, 48_000);
            }
        }
        // A table that lacks packets.
        let pakt = table(6, [0; 3], &sizes[..6]);
        let file = caf_of(&[(b"desc", &desc), (b"pakt", &pakt), (b"data", &data)]);
        let (kept, damaged) = damage(&file);
        assert!((kept - 0.12).abs() < 1e-6 && damaged.message.contains("160 bytes"), "{damaged:?}");
    }
}
