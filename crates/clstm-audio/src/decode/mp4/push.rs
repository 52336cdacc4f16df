//! Fragmented MP4 in pieces that are cut anywhere, as browsers record it live.
//!
//! A recorder writes the index (`moov`) first, and then fragments: the description of some samples (`moof`) and the samples
//! (`mdat`). Each complete fragment is read by the demuxer of whole files, behind the index.

use std::io::Cursor;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_OPUS};

use super::Mp4Demuxer;
use crate::decode::demux::Demuxer;
use crate::decode::limits::DecodeLimits;
use crate::decode::live::Take;
use crate::decode::scan::{Failure, Scanner, be};
use crate::error::AudioError;

/// Most bytes of the index: those of browsers have one or two kilobytes. It is read again for each fragment.
const MAX_INDEX: u64 = 64 << 10;
/// Bytes of the index that are read again for each byte of the recording: fragments of browsers are about as long as the index.
/// Those of a few bytes behind a long index would cost thousands of times what was sent.
const MAX_REPEATED: u64 = 64;
/// Bytes of the index that may be read again at any time.
const MIN_REPEATED: u64 = 1 << 20;
/// Most bytes of a fragment: a minute of AAC. Recorders write one every second or so.
const MAX_FRAGMENT: u64 = 1 << 20;

/// Takes fragmented MP4 in pieces and hands out the packets of the first audio track. What is held between pieces is the
/// index and less than a fragment.
pub(in crate::decode) struct Mp4Push {
    limits: DecodeLimits,
    index: Vec<u8>,
    /// The fragment that is not complete, from its `moof` on, or the beginning of another box.
    held: Vec<u8>,
    /// Bytes of a box to come that do not matter.
    skip: u64,
    /// Bytes of the recording that are done with.
    passed: u64,
    /// Bytes of the index that were read again.
    repeated: u64,
}

/// The header of a box at the start of bytes.
struct Header {
    kind: [u8; 4],
    /// Bytes of the whole box.
    len: u64,
}

impl Mp4Push {
    pub(in crate::decode) fn new(limits: DecodeLimits) -> Self {
        Self { limits, index: Vec::new(), held: Vec::new(), skip: 0, passed: 0, repeated: 0 }
    }

    /// Hands out what `bytes` complete.
    ///
    /// # Errors
    /// If the file has no fragments, no supported audio track, an index or fragment that is too long, fragments that are too
    /// short for their index, or is damaged.
    pub(in crate::decode) fn push(
        &mut self,
        bytes: &[u8],
        take: Take<'_>,
    ) -> Result<(), AudioError> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            let skipped = self.skip.min((all.len() - done) as u64);
            self.skip -= skipped;
            self.passed += skipped;
            done += skipped as usize;
            let rest = &all[done..];
            let Some(header) = Header::read(rest)? else { break };
            match &header.kind {
                b"moov" => {
                    let Some(index) = complete(rest, header.len, MAX_INDEX, "the index")? else {
                        break;
                    };
                    self.index = index.to_vec();
                    self.passed += index.len() as u64;
                    done += index.len();
                }
                b"moof" if self.index.is_empty() => {
                    return Err(AudioError::damaged("the index (moov box) is missing"));
                }
                b"moof" => {
                    let Some(len) = fragment_len(rest)? else { break };
                    let Some(fragment) = rest.get(..len) else { break };
                    self.passed += len as u64;
                    self.count_repeated()?;
                    self.fragment(fragment, take)?;
                    done += len;
                }
                b"mdat" => {
                    let reason =
                        "the MP4 is not fragmented: its index is needed first, so that it can be \
                                  decoded as a whole only"
                            .to_owned();
                    return Err(AudioError::UnsupportedFormat { reason, extension: None });
                }
                _ => self.skip = header.len,
            }
        }
        all.drain(..done);
        self.held = all;
        Ok(())
    }

    /// Counts that the index is read again. It depends on the place in the recording, not on how the bytes are cut.
    fn count_repeated(&mut self) -> Result<(), AudioError> {
        self.repeated = self.repeated.saturating_add(self.index.len() as u64);
        match self.repeated > MIN_REPEATED.saturating_add(MAX_REPEATED * self.passed) {
            true => Err(AudioError::TooComplex { what: "fragments for the index of an MP4" }),
            false => Ok(()),
        }
    }

    /// Reads a fragment behind the index.
    fn fragment(&self, fragment: &[u8], take: Take<'_>) -> Result<(), AudioError> {
        let bytes = [&self.index[..], fragment].concat();
        let scan = Scanner::new(Box::new(Cursor::new(&bytes)), bytes.len() as u64, None);
        let read = || -> Result<(), Failure> {
            let mut demuxer = Mp4Demuxer::open(scan, 0, &self.limits)?;
            // What browsers record.
            let known = [CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_OPUS];
            if !known.contains(&demuxer.params().codec) && !demuxer.track.entry.is_pcm() {
                let what = "this codec in live MP4 (AAC, Opus, ALAC and PCM are read)";
                return Err(AudioError::unsupported_codec(what).into());
            }
            while let Some(event) = demuxer.next()? {
                take(demuxer.params(), event)?;
            }
            Ok(())
        };
        read().map_err(|failure| match failure {
            Failure::Audio(error) => error,
            // A cursor over memory fails only by ending early.
            Failure::Io(error) => AudioError::damaged(error.to_string()),
        })
    }
}

impl Header {
    /// The header at the start of `bytes`; `None` if it is not complete.
    fn read(bytes: &[u8]) -> Result<Option<Self>, AudioError> {
        let Some((head, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
        let (least, len) = match be(&head[..4]) {
            1 => match rest.first_chunk::<8>() {
                Some(len) => (16, be(len)),
                None => return Ok(None),
            },
            // To the end of the file.
            0 => (8, u64::MAX),
            len => (8, len),
        };
        if len < least {
            return Err(AudioError::damaged("a box of the MP4 is shorter than its header"));
        }
        Ok(Some(Self { kind: [head[4], head[5], head[6], head[7]], len }))
    }
}

/// Bytes of the fragment at the start of `bytes`, to the end of its samples; `None` if that is not known yet. Other boxes may
/// are between the description and the samples.
fn fragment_len(bytes: &[u8]) -> Result<Option<usize>, AudioError> {
    let mut at = 0;
    loop {
        let Some(header) = bytes.get(at..).map(Header::read).transpose()?.flatten() else {
            return Ok(None);
        };
        let end = (at as u64).saturating_add(header.len);
        if end > MAX_FRAGMENT {
            return Err(too_long("a fragment", MAX_FRAGMENT));
        }
        at = end as usize;
        if header.kind == *b"mdat" {
            return Ok(Some(at));
        }
    }
}

fn too_long(what: &str, most: u64) -> AudioError {
    AudioError::damaged(format!("{what} of the MP4 has more than {} KiB", most >> 10))
}

/// The first `len` bytes; `None` if some are missing.
fn complete<'a>(
    bytes: &'a [u8],
    len: u64,
    most: u64,
    what: &str,
) -> Result<Option<&'a [u8]>, AudioError> {
    if len > most {
        return Err(too_long(what, most));
    }
    Ok(bytes.get(..len as usize))
}
