use std::io::Cursor;

use super::*;

/// A frame of 48 kbit/s at 16 kHz (MPEG 2, mono): 216 bytes, 576 samples.
fn frame() -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x68, 0xc4];
    frame.resize(216, 0x55);
    frame
}

fn walk(bytes: &[u8]) -> (usize, Vec<Damage>) {
    let len = bytes.len() as u64;
    let scan = Scanner::new(Box::new(Cursor::new(bytes.to_vec())), len, None);
    let mut demuxer = MpegDemuxer::open(scan, 0).unwrap();
    let (mut frames, mut damages) = (0, Vec::new());
    while let Some(event) = demuxer.next().unwrap() {
        match event {
            Event::Group(_) => frames += 1,
            Event::Damage(damage) => damages.push(damage),
            _ => {}
        }
    }
    (frames, damages)
}

#[test]
fn headers_give_length_rate_and_channels() {
    let header = FrameHeader::read(&frame()).unwrap();
    assert_eq!(
        (header.len, header.samples, header.sample_rate, header.channels),
        (216, 576, 16_000, 1)
    );
    assert_eq!(header.layer, Layer::Three);
    let adts = FrameHeader::read(&[0xff, 0xf1, 0x60, 0x40, 0x19, 0x1f, 0xfc]).unwrap();
    assert_eq!((adts.len, adts.sample_rate, adts.channels), (200, 16_000, 1));
    assert!(FrameHeader::read(&[0xff; 7]).is_none());
}

#[test]
fn an_undamaged_stream_has_all_its_frames() {
    assert_eq!(walk(&frame().repeat(10)), (10, vec![]));
}

#[test]
fn a_flipped_bit_in_a_header_loses_one_frame() {
    let whole = frame().repeat(10);
    for bit in 0..32 {
        let mut bytes = whole.clone();
        bytes[216 * 4 + bit / 8] ^= 0x80 >> (bit % 8);
        let (frames, damages) = walk(&bytes);
        // Some bits (privacy, copyright, emphasis) decide nothing.
        assert!(frames >= 9, "bit {bit}: {frames}");
        assert_eq!(damages.is_empty(), frames == 10, "bit {bit}: {damages:?}");
    }
}

#[test]
fn tags_in_the_middle_are_no_damage() {
    let tag = [&b"ID3\x04\0\0\0\0\0\x14"[..], &[0xff; 20]].concat();
    let joined = [frame().repeat(5), tag, frame().repeat(5)].concat();
    assert_eq!(walk(&joined), (10, vec![]));
}

#[test]
fn what_follows_the_last_frame_is_reported() {
    let (frames, damages) = walk(&[frame().repeat(5), b"<html></html>".to_vec()].concat());
    assert_eq!((frames, damages.len()), (5, 1));
    assert_eq!((damages[0].at_byte, damages[0].missing_s), (Some(1080), 0.0));
    let (frames, damages) = walk(&frame().repeat(5)[..1000]);
    assert_eq!((frames, damages.len()), (5, 1));
    assert!((damages[0].missing_s - 0.036 * 80.0 / 216.0).abs() < 1e-9);
}
