//! Samples that are no numbers, and time stamps and tables that contradict the sound: what can be decoded is, and marked.

use clstm_audio::{Damage, DecodeLimits, Decoded, decode_bytes};

use crate::support::mp4::{Track, mp4, to_i16};
use crate::support::ogg::{LAST, opus_headers, page};
use crate::support::{Format, fixture, sine, wav};

fn decode(bytes: &[u8]) -> Decoded {
    decode_bytes(bytes, None, &DecodeLimits::default()).unwrap()
}

fn damage(decoded: &Decoded) -> &Damage {
    decoded.report.damage.as_ref().unwrap()
}

/// One sample that is NaN refused the whole recording.
#[test]
fn samples_that_are_no_numbers_become_silence() {
    let tone = sine(440.0, 0.5, 16_000, 1.0);
    for format in [Format::F32, Format::F64] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3e38] {
            let mut samples = tone.clone();
            (samples[8_000], samples[8_001], samples[12_000]) = (bad, bad, bad);
            let decoded = decode(&wav(&samples, 16_000, 1, format));
            let expected = decode(&wav(&tone, 16_000, 1, format));
            for (n, (x, y)) in
                decoded.waveform.samples.iter().zip(&expected.waveform.samples).enumerate()
            {
                let is_bad = [8_000, 8_001, 12_000].contains(&n);
                assert_eq!(*x, if is_bad { 0.0 } else { *y }, "{bad}, sample {n}");
            }
            let found = damage(&decoded);
            assert_eq!((found.count, found.at_s), (3, Some(0.5)), "{found:?}");
            assert!((found.missing_s - 3.0 / 16_000.0).abs() < 1e-9, "{found:?}");
            assert!(found.message.contains("0.500 s"), "{found:?}");
            assert!(decoded.strict().is_err());
        }
    }
    // Only the channel that has it: the other one keeps its sample.
    let mut stereo: Vec<f64> = tone.iter().flat_map(|x| [*x, *x]).collect();
    stereo[1_001] = f64::NAN;
    let decoded = decode(&wav(&stereo, 16_000, 2, Format::F32));
    assert!((f64::from(decoded.waveform.samples[500]) - tone[500] / 2.0).abs() < 1e-6);
    assert_eq!(damage(&decoded).count, 1);
}

/// AIFF-C with 32-bit floating-point samples.
#[test]
fn aiff_with_floats_keeps_the_rest() {
    let mut values = [0.25_f32; 4_000];
    values[1_000] = f32::NAN;
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_be_bytes(), content].concat()
    };
    // 8 kHz as an 80-bit float.
    let rate = [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0];
    let common = [&[0, 1][..], &4_000_u32.to_be_bytes(), &[0, 32], &rate, b"fl32\0\0"].concat();
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
    let content = [
        b"AIFC".to_vec(),
        chunk(b"FVER", &[0xa2, 0x80, 0x51, 0x40]),
        chunk(b"COMM", &common),
        chunk(b"SSND", &[&[0; 8][..], &data].concat()),
    ];
    let decoded = decode(&chunk(b"FORM", &content.concat()));
    assert_eq!(decoded.waveform.samples.len(), 4_000);
    assert_eq!((decoded.waveform.samples[999], decoded.waveform.samples[1_000]), (0.25, 0.0));
    assert_eq!(damage(&decoded).at_s, Some(0.125));
}

/// Pages of ten packets of Opus, 20 ms each, that end at these times.
fn opus(granules: &[i64]) -> Vec<u8> {
    let packet: Vec<u8> =
        (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) }).collect();
    let packets = [&packet[..]; 10];
    let mut file = opus_headers(1, 0);
    for (n, granule) in granules.iter().enumerate() {
        let flags = if n + 1 == granules.len() { LAST } else { 0 };
        file.extend(page(1, n as u32 + 2, flags, *granule, &packets));
    }
    file
}

/// One wrong time of a page gave silence without a mark, or lost the page.
#[test]
fn one_wrong_time_of_an_ogg_page_is_ignored() {
    let right: Vec<i64> = (1..=6).map(|n| n * 9_600).collect();
    let whole = decode(&opus(&right));
    assert_eq!((whole.waveform.samples.len(), &whole.report.damage), (57_600, &None));
    for wrong in [48_000 * 3, 48_000 * 1_000, 57_600, 24_000, 0] {
        for place in 0..6 {
            let mut granules = right.clone();
            if granules[place] == wrong {
                continue;
            }
            granules[place] = wrong;
            let decoded = decode(&opus(&granules));
            let name = format!("page {place} ends at {wrong}");
            let n = decoded.waveform.samples.len();
            // The first page may begin late: a stream that is recorded from its middle on.
            assert_eq!(n, 57_600, "{name}");
            assert_eq!(decoded.waveform.samples, whole.waveform.samples, "{name}");
            let found = decoded.report.damage.as_ref();
            let found = found.unwrap_or_else(|| panic!("{name}: not marked"));
            assert!(found.message.contains("time stamp"), "{name}: {found:?}");
            assert!(found.at_byte.is_some(), "{name}: {found:?}");
        }
    }
}

/// Where all later pages agree, the container has a stretch without packets.
#[test]
fn a_gap_that_the_next_pages_confirm_is_silence() {
    let gap = 48_000;
    let decoded = decode(&opus(&[9_600, 19_200 + gap, 28_800 + gap, 38_400 + gap]));
    assert_eq!(decoded.waveform.samples.len(), 38_400 + gap as usize);
    assert_eq!(decoded.report.damage, None);
    assert!(decoded.waveform.samples[9_600..9_600 + gap as usize].iter().all(|x| *x == 0.0));
}

/// The last bytes of the first box of a kind: `at` bytes behind its name.
fn patched(file: &[u8], kind: &[u8; 4], at: usize, value: u32) -> Vec<u8> {
    let found = file.windows(4).position(|name| name == kind).unwrap() + 4 + at;
    let mut file = file.to_vec();
    file[found..found + 4].copy_from_slice(&value.to_be_bytes());
    file
}

/// A table of times with another length than the packets have put silence between them, or lost them behind an edit.
#[test]
fn wrong_times_of_mp4_packets_are_corrected() {
    let aac = fixture("tone.m4a");
    let whole = decode(&aac);
    assert_eq!(whole.report.damage, None);
    for wrong in [0, 1, 100, 512, 2_048, 48_000] {
        let decoded = decode(&patched(&aac, b"stts", 12, wrong));
        assert_eq!(decoded.waveform.samples, whole.waveform.samples, "{wrong} ticks a packet");
        assert!(damage(&decoded).message.contains("corrected"), "{:?}", damage(&decoded));
    }
    let tone = sine(300.0, 0.5, 8_000, 1.0);
    let pcm = mp4(&[Track::of(&tone, 8_000)]);
    let whole = decode(&pcm);
    assert_eq!(whole.report.damage, None);
    let decoded = decode(&patched(&pcm, b"stts", 12, 7));
    assert_eq!(decoded.waveform.samples, whole.waveform.samples);
    assert!(damage(&decoded).message.contains("corrected"));
    // A table that gives too few samples a time repeats what is usual, not a gap.
    let chunks = vec![(to_i16(&tone), 48_000), (to_i16(&tone), 0)];
    let two = mp4(&[Track { rate: 8_000, chunks, ..Track::default() }]);
    let gap = decode(&two);
    assert_eq!(gap.waveform.samples.len(), 64_000);
    let decoded = decode(&patched(&two, b"stts", 4, 2));
    assert_eq!(decoded.waveform.samples, gap.waveform.samples);
}

/// Numbers of samples that are too small lost the rest without a mark; one size for all samples was believed.
#[test]
fn wrong_sizes_and_numbers_of_mp4_samples_are_marked() {
    let tone = sine(300.0, 0.5, 8_000, 1.0);
    let pcm = mp4(&[Track::of(&tone, 8_000)]);
    let whole = decode(&pcm);
    // QuickTime gives the size of a sample of PCM as 1.
    for size in [1, 4] {
        let decoded = decode(&patched(&pcm, b"stsz", 4, size));
        assert_eq!(decoded.waveform.samples, whole.waveform.samples, "size {size}");
        assert_eq!(decoded.report.damage, None, "size {size}");
    }
    let decoded = decode(&patched(&pcm, b"stsz", 8, 3_000));
    assert_eq!(decoded.waveform.samples, whole.waveform.samples);
    assert!(damage(&decoded).message.contains("3000 samples"), "{:?}", damage(&decoded));

    let aac = fixture("tone.m4a");
    let decoded = decode(&patched(&aac, b"stsz", 8, 9));
    assert!(damage(&decoded).missing_s > 0.4, "{:?}", damage(&decoded));
    assert!(decoded.waveform.samples.len() >= 8 * 1024);
    // One size for packets that have others: what is decoded is not what was recorded.
    for size in [200, 300] {
        let wrong = patched(&patched(&aac, b"stsz", 4, size), b"stsz", 8, 17);
        match decode_bytes(wrong, None, &DecodeLimits::default()) {
            Ok(decoded) => assert!(decoded.report.damage.is_some(), "size {size}"),
            Err(error) => assert!(["decode", "format"].contains(&error.kind()), "{error}"),
        }
    }
}
