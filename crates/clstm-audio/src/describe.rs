//! Names for inputs that are not decoded: audio of other formats, and files that are not audio at all.

use crate::error::AudioError;
use crate::sniff::ContainerKind;

/// Formats of audio that are recognised and not decoded, by their first bytes.
const FORMATS: [(&[u8], &str); 24] = [
    (b"#!AMR-WB", "AMR-WB"),
    (b"#!AMR", "AMR"),
    (b"#!SILK_V3", "SILK (a voice message of Skype)"),
    (b"\x02#!SILK_V3", "SILK (a voice message of WeChat)"),
    (b"NIST_1A", "NIST SPHERE"),
    (b"riff\x2e\x91\xcf\x11", "Sony Wave64"),
    (b"Creative Voice File", "Creative Voice (VOC)"),
    (b".RMF", "RealMedia"),
    (b".ra\xfd", "RealAudio"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"MPCK", "Musepack"),
    (b"MP+", "Musepack"),
    (b"TTA1", "True Audio"),
    (b"DSD ", "DSD"),
    (b"FRM8", "DSD"),
    (b"ADIF", "AAC with an ADIF header"),
    (b"FLV\x01", "Flash Video"),
    (b"\x7f\xfe\x80\x01", "DTS"),
    (b"\x0b\x77", "AC-3"),
    (b"RIFX", "WAV with big-endian numbers (RIFX)"),
    (b".SoX", "SoX's own format"),
    (b"XoS.", "SoX's own format"),
    (b"nut/multimedia container", "NUT"),
];

/// The same by the bytes at a later place.
const LATER: [(usize, &[u8], &str); 3] =
    [(8, b"AVI ", "AVI video"), (8, b"8SVX", "8SVX"), (44, b"SCRM", "a tracker module")];

/// Bytes of a frame of GSM 6.10, whose first four bits are 13 (ETSI EN 300 961).
const GSM_FRAME: usize = 33;
/// Bytes of a packet of an MPEG transport stream, of which the first is 0x47.
const TS_PACKET: usize = 188;
/// Repetitions after which bytes are not taken for frames by chance.
const REPEATED: usize = 12;

/// Least bytes of a signature that raw samples do not have by chance.
const CERTAIN: usize = 4;
/// Least bytes of text that raw samples are not by chance.
const CERTAIN_TEXT: usize = 64;

/// The error for an input given as raw samples whose first bytes are those of a file that is not decoded: audio of
/// another format, or no audio at all. Its header would be processed as samples. Give as much as there is, up to 4 KiB.
///
/// [`sniff`](crate::sniff) recognises the containers that are decoded.
///
/// ```
/// assert!(clstm_audio::not_raw_samples(b"RIFF\0\0\0\0AVI LIST").is_some());
/// assert!(clstm_audio::not_raw_samples(&[0; 4096]).is_none());
/// ```
#[must_use]
pub fn not_raw_samples(head: &[u8]) -> Option<AudioError> {
    if let Some(error) = unsupported_with(head, CERTAIN) {
        return Some(error);
    }
    let is_text = head.len() >= CERTAIN_TEXT && text_of(head).is_some();
    let what = if is_text { describe_non_audio(head) } else { archive_or_document(head, CERTAIN) };
    what.map(|what| AudioError::NotAudio { what, extension: None })
}

/// The error for audio of a format that is recognised and not decoded.
pub(crate) fn unsupported(head: &[u8]) -> Option<AudioError> {
    unsupported_with(head, 0)
}

/// The same by signatures of at least `least` bytes.
fn unsupported_with(head: &[u8], least: usize) -> Option<AudioError> {
    let is_here = |magic: &[u8]| magic.len() >= least && head.starts_with(magic);
    if let Some((_, name)) = FORMATS.iter().find(|(magic, _)| is_here(magic)) {
        return Some(AudioError::unsupported_codec(name));
    }
    let is_there = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    if let Some((.., name)) = LATER.iter().find(|(at, magic, _)| is_there(*at, magic)) {
        return Some(AudioError::unsupported_codec(name));
    }
    let repeats = |len: usize, test: fn(u8) -> bool| {
        head.len() >= len * REPEATED && head.iter().step_by(len).all(|byte| test(*byte))
    };
    // Audio that is nearly silent has frames of equal first bytes, too, and many more in between.
    if repeats(GSM_FRAME, |byte| byte >> 4 == 13) && !repeats(1, |byte| byte >> 4 == 13) {
        let command = "ffmpeg -f gsm -i INPUT OUTPUT.wav";
        let codec = "GSM 6.10 without a container".to_owned();
        return Some(AudioError::UnsupportedCodec { codec, command });
    }
    if repeats(TS_PACKET, |byte| byte == 0x47) && !repeats(1, |byte| byte == 0x47) {
        return Some(AudioError::unsupported_codec("an MPEG transport stream"));
    }
    // The header of LOAS: 11 bits, and the length of the frame, behind which the next one is.
    if let [0x56, second, third, ..] = *head
        && second >> 5 == 7
        && let next = 3 + (usize::from(second & 0x1f) << 8 | usize::from(third))
        && head.get(next).zip(head.get(next + 1)).is_some_and(|(a, b)| *a == 0x56 && b >> 5 == 7)
    {
        return Some(AudioError::unsupported_codec("AAC in LATM"));
    }
    None
}

/// The error for a container that is recognised and not decoded.
pub(crate) fn unsupported_container(kind: ContainerKind, head: &[u8]) -> AudioError {
    unsupported(head).unwrap_or_else(|| AudioError::unsupported_codec(kind.name()))
}

/// Files that are not audio, by their first bytes.
const OTHER_FILES: [(&[u8], &str); 12] = [
    (b"PK\x03\x04", "a ZIP archive; extract the recordings first"),
    (b"\x1f\x8b", "a gzip archive; extract the recordings first"),
    (b"7z\xbc\xaf", "a 7z archive; extract the recordings first"),
    (b"Rar!", "a RAR archive; extract the recordings first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"MThd", "a MIDI file, which holds notes and no audio"),
    (b"\xd0\xcf\x11\xe0", "a document of Microsoft Office"),
    (b"\x89HDF", "an HDF5 file; export the recordings from it"),
    (b"\x93NUMPY", "a NumPy array; write it as WAV first"),
];

/// What a file is that begins like none with audio, by signatures of at least `least` bytes.
fn archive_or_document(head: &[u8], least: usize) -> Option<&'static str> {
    let is_here = |magic: &[u8]| magic.len() >= least && head.starts_with(magic);
    OTHER_FILES.iter().find(|(magic, _)| is_here(magic)).map(|(_, what)| *what)
}

/// What an input is that is not a recording at all, for the error message.
pub(crate) fn describe_non_audio(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"version https://git-lfs") {
        return Some("a Git LFS pointer; run `git lfs pull` to fetch the recording");
    }
    if let Some(what) = archive_or_document(head, 0) {
        return Some(what);
    }
    if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
        return Some("a file of zero bytes alone; the recording was not written or not copied");
    }
    let text = text_of(head)?;
    let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_ascii_lowercase();
    Some(if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "an HTML page, perhaps a login or error page; download the recording itself"
    } else if start.starts_with("<?xml") || start.starts_with('<') {
        "an XML document"
    } else if start.starts_with('{') || start.starts_with('[') {
        "a JSON document, perhaps the error message of a server"
    } else if start.starts_with("#extm3u") {
        "a playlist (M3U); name the recordings themselves"
    } else if is_table(text, ';') {
        "a table of text (CSV with semicolons); name the recordings, or use it as a manifest"
    } else if is_table(text, '\t') {
        "a table of text (TSV); name the recordings, or use it as a manifest"
    } else if is_table(text, ',') {
        "a table of text (CSV); name the recordings, or use it as a manifest"
    } else {
        "a text file"
    })
}

/// Whether the first two lines have the same number of separators, and at least one.
fn is_table(text: &str, separator: char) -> bool {
    let mut counts = text.lines().map(|line| line.matches(separator).count());
    let first = counts.next().unwrap_or(0);
    first > 0 && counts.next() == Some(first)
}

/// The bytes as text, if they are UTF-8 without control characters; the last character may be cut.
pub(crate) fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (!text.is_empty() && text.chars().all(is_text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{describe_non_audio, not_raw_samples, unsupported};

    #[test]
    fn other_content_is_named() {
        for (bytes, word) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n"[..], "LFS"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"\n <html lang=en>", "HTML"),
            (b"{\"error\":\"not found\"}", "JSON"),
            (b"path;emotion\na.wav;sad\n", "semicolons"),
            (b"PK\x03\x04\x14\0", "ZIP"),
            (&[0; 500], "zero bytes"),
        ] {
            let what = describe_non_audio(bytes);
            assert!(what.is_some_and(|what| what.contains(word)), "{word}: {what:?}");
        }
        assert_eq!(describe_non_audio(&[0x80, 1, 2, 3]), None);
    }

    #[test]
    fn formats_that_are_not_decoded_are_named() {
        let mut gsm = [0x35_u8; 4096];
        gsm.iter_mut().step_by(33).for_each(|byte| *byte = 0xd8);
        let mut transport_stream = [0_u8; 4096];
        transport_stream.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
        for (bytes, name) in [
            (&b"#!AMR\n\x3c"[..], "AMR,"),
            (b"#!AMR-WB\n", "AMR-WB"),
            (b"\x02#!SILK_V3", "SILK"),
            (b"NIST_1A\n   1024\n", "SPHERE"),
            (b"RIFF\0\0\0\0AVI ", "AVI"),
            (b"RIFX\0\0\0\0WAVE", "big-endian"),
            (b"FORM\0\0\0\08SVX", "8SVX"),
            (&gsm, "GSM 6.10"),
            (&transport_stream, "transport stream"),
        ] {
            let message = unsupported(bytes).map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(name) && message.contains("ffmpeg"), "{name}: {message}");
        }
        for other in [&[0xd8; 4096][..], &[0x47; 4096], &[0; 64], b"RIFF\0\0\0\0WAVE"] {
            assert!(unsupported(other).is_none());
        }
    }

    #[test]
    fn files_are_not_raw_samples() {
        for (head, word) in [
            (&b"RIFF\0\0\0\0AVI LIST"[..], "AVI"),
            (b"RIFX\0\0\0\0WAVE", "RIFX"),
            (b"wvpk\0\0\0\0", "WavPack"),
            (b"PK\x03\x04\0\0", "ZIP"),
            (&b"<!DOCTYPE html>".repeat(20), "HTML"),
        ] {
            let message = not_raw_samples(head).map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(word), "{word}: {message}");
        }
        // Silence, one letter, a constant, and what two bytes can be by chance.
        for samples in [&[0; 4096][..], b"R", &[1; 400], b"\x0b\x77\0\x01", b"\x1f\x8b\0\x01"] {
            assert!(not_raw_samples(samples).is_none());
        }
    }
}
