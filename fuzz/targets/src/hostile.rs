//! Recordings that ask for far more memory or time than their bytes deserve.
//!
//! Floods of the smallest element of a container, and headers with the largest sizes and counts. All are small to send.

/// A hostile recording.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What it is, in words.
    pub name: &'static str,
    /// The extension that its author would give it.
    pub extension: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

fn flood(head: &[u8], unit: &[u8], size: usize) -> Vec<u8> {
    [head, &unit.repeat(size / unit.len())].concat()
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(8 + content.len() as u32).to_be_bytes(), &name[..], content].concat()
}

/// The floods of metadata, chunks, pages and frames, each of about `size` bytes.
#[must_use]
pub fn floods(size: usize) -> Vec<Hostile> {
    let riff = [&b"RIFF"[..], &(size as u32).to_le_bytes(), b"WAVE"].concat();
    let form = [&b"FORM"[..], &(size as u32).to_be_bytes(), b"AIFF"].concat();
    let mp4 = boxed(b"ftyp", b"M4A \0\0\0\0M4A ");
    let webm = b"\x1aE\xdf\xa3\x87\x42\x82\x84webm\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xff";
    let flac_info = [
        &[16, 0, 16, 0, 0, 0, 0, 0, 0, 0][..],
        &(16_000_u64 << 44 | 15 << 36).to_be_bytes(),
        &[0; 16],
    ]
    .concat();
    let flac = |last: u8| [&[b'f', b'L', b'a', b'C', last, 0, 0, 34][..], &flac_info].concat();
    let synchsafe = [21, 14, 7, 0].map(|shift| (size >> shift & 127) as u8);
    let id3 = [&b"ID3\x04\0\0"[..], &synchsafe].concat();
    // Ogg pages without a valid checksum: the reader must search on.
    let page = b"OggS\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\0";
    let caf = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20@\xcf@\0\0\0\0\0lpcm\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x10";
    let list: [(&'static str, &'static str, Vec<u8>); 18] = [
        ("empty ID3 tags", "mp3", flood(b"", b"ID3\x04\0\0\0\0\0\0", size)),
        ("ID3 text frames", "mp3", flood(&id3, b"TXXX\0\0\0\x03\0\0\0a\0", size)),
        ("MPEG sync codes", "mp3", flood(b"", b"\xff", size)),
        ("MPEG headers", "mp3", flood(b"", b"\xff\xe3\x10\x00", size)),
        ("ADTS headers", "aac", flood(b"", b"\xff\xf1\x60\x40\x01\x1f\xfc\0", size)),
        ("RIFF chunks", "wav", flood(&riff, b"junk\0\0\0\0", size)),
        ("RIFF lists", "wav", flood(&riff, b"LIST\x04\0\0\0INFO", size)),
        (
            "RIFF format chunks",
            "wav",
            flood(&riff, b"fmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0", size),
        ),
        ("AIFF chunks", "aiff", flood(&form, b"ANNO\0\0\0\0", size)),
        ("CAF chunks", "caf", flood(caf, b"free\0\0\0\0\0\0\0\0", size)),
        ("FLAC metadata", "flac", flood(&flac(0), b"\x01\0\0\0", size)),
        ("FLAC sync codes", "flac", flood(&flac(0x80), b"\xff\xf8", size)),
        ("MP4 boxes", "m4a", flood(&mp4, b"\0\0\0\x08free", size)),
        ("MP4 fragments", "m4a", flood(&mp4, b"\0\0\0\x08moof", size)),
        (
            "MP4 tracks",
            "m4a",
            [&mp4[..], &boxed(b"moov", &boxed(b"trak", b"").repeat(size / 8))].concat(),
        ),
        ("EBML voids", "webm", flood(webm, b"\xec\x80", size)),
        ("EBML clusters", "webm", flood(webm, b"\x1fC\xb6u\x80", size)),
        ("Ogg pages", "ogg", flood(b"", page, size)),
    ];
    list.map(|(name, extension, bytes)| Hostile { name, extension, bytes }).into()
}

/// Copies of a recording with one field of its first `reach` bytes set to a large value, as sizes and counts are.
pub fn inflated(recording: &[u8], reach: usize) -> impl Iterator<Item = Vec<u8>> {
    let values: [&[u8]; 3] = [&[0xff; 4], &[0x7f, 0xff, 0xff, 0xff], &[0xff; 2]];
    let reach = reach.min(recording.len());
    (0..reach).flat_map(move |at| {
        values.into_iter().map(move |value| {
            let mut changed = recording.to_vec();
            for (byte, value) in changed.iter_mut().skip(at).zip(value) {
                *byte = *value;
            }
            changed
        })
    })
}
