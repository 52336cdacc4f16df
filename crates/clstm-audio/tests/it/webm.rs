//! WebM that comes in pieces.

use clstm_audio::{DecodeLimits, WebmStream, decode_bytes};
use proptest::prelude::*;

use crate::support::fixture;

/// The samples of a recording cut into pieces of these sizes, in turn.
fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Vec<f32> {
    let (mut stream, mut samples, mut rest) = (WebmStream::new(), Vec::new(), bytes);
    for size in sizes.iter().cycle() {
        let (piece, more) = rest.split_at((*size).min(rest.len()));
        stream.push(piece, &mut samples).unwrap();
        rest = more;
        if rest.is_empty() {
            return samples;
        }
    }
    unreachable!()
}

#[test]
fn pieces_give_the_samples_of_the_whole() {
    for name in ["browser.webm", "tone.webm"] {
        let bytes = fixture(name);
        let whole = decode_bytes(&bytes, None, &DecodeLimits::default()).unwrap().waveform;
        assert_eq!(whole.sample_rate, WebmStream::RATE);
        for sizes in [&[1][..], &[997], &[100_000], &[3, 400, 1, 1, 60]] {
            let live = in_pieces(&bytes, sizes);
            // What a file leaves out at its end is known only there.
            let n = whole.samples.len();
            assert!(live.len() - n < 960 && live[..n] == whole.samples, "{name} {sizes:?}");
        }
    }
}

#[test]
fn samples_come_with_the_packet_that_holds_them() {
    let bytes = fixture("browser.webm");
    let (mut stream, mut samples) = (WebmStream::new(), Vec::new());
    let half = bytes.len() / 2;
    stream.push(&bytes[..half], &mut samples).unwrap();
    let whole = decode_bytes(&bytes, None, &DecodeLimits::default()).unwrap();
    let whole = whole.waveform.samples.len();
    assert!(samples.len() > whole / 3, "{} of {whole}", samples.len());
}

#[test]
fn other_data_than_webm_is_rejected_at_once() {
    for name in ["tone.ogg", "tone.mp3", "tone.m4a"] {
        let error = WebmStream::new().push(&fixture(name), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), "format", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_an_error_or_sound(
        places in proptest::collection::vec((0..4600_usize, any::<u8>()), 1..20),
        size in 1..600_usize,
    ) {
        let mut bytes = fixture("browser.webm");
        for (at, byte) in places {
            bytes[at] = byte;
        }
        let (mut stream, mut samples) = (WebmStream::new(), Vec::new());
        for piece in bytes.chunks(size) {
            if let Err(error) = stream.push(piece, &mut samples) {
                prop_assert!(["decode", "format", "non_finite"].contains(&error.kind()));
                break;
            }
        }
        prop_assert!(samples.len() < 48_000 * 20);
    }
}
