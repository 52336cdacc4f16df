//! Ogg with Opus in pieces that are cut anywhere, as browsers record it live.

use symphonia::core::codecs::audio::AudioCodecParameters;

use super::page::{self, Page};
use super::{CHAIN_BYTES, Codec, MIN_CHAIN, Stream};
use crate::decode::demux::{Event, Group};
use crate::decode::limits::DecodeLimits;
use crate::decode::live::Take;
use crate::error::AudioError;
use crate::report::Damage;

/// Most bytes of a page: its header, the table of 255 segments, and 255 bytes for each.
const MAX_PAGE: usize = 27 + 255 + 255 * 255;

/// Takes Ogg in pieces and hands out the packets of the first Opus stream. What is held between pieces is less than a
/// page and a packet.
pub(in crate::decode) struct OggPush {
    limits: DecodeLimits,
    held: Vec<u8>,
    /// Bytes before those that are held.
    at: u64,
    stream: Option<Stream>,
    params: AudioCodecParameters,
    /// Why a stream that began is not used.
    refused: Option<AudioError>,
    chained: u64,
}

impl OggPush {
    pub(in crate::decode) fn new(limits: DecodeLimits) -> Self {
        Self {
            limits,
            held: Vec::new(),
            at: 0,
            stream: None,
            params: AudioCodecParameters::new(),
            refused: None,
            chained: 0,
        }
    }

    /// Hands out what `bytes` complete.
    ///
    /// # Errors
    /// If there is no Opus stream, too many streams follow each other, or `take` fails.
    pub(in crate::decode) fn push(
        &mut self,
        bytes: &[u8],
        take: Take<'_>,
    ) -> Result<(), AudioError> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            let rest = &all[done..];
            match page::first(rest) {
                page::First::Page(mut page, len) => {
                    page.at = self.at + done as u64;
                    done += len;
                    self.page(page, take)?;
                }
                page::First::Incomplete if rest.len() < MAX_PAGE => break,
                page::First::Incomplete | page::First::NoPage => {
                    // As much as cannot be the beginning of the next page.
                    let next = rest.windows(4).skip(1).position(|magic| magic == b"OggS");
                    let passed = next.map_or(rest.len().saturating_sub(3), |next| next + 1);
                    if passed == 0 {
                        break;
                    }
                    let at = self.at + done as u64;
                    let message =
                        format!("{passed} bytes from byte {at} on are not an intact Ogg page");
                    take(&self.params, Event::Damage(Damage::new(message).at_byte(at)))?;
                    done += passed;
                }
            }
        }
        self.at += done as u64;
        all.drain(..done);
        self.held = all;
        Ok(())
    }

    fn page(&mut self, page: Page, take: Take<'_>) -> Result<(), AudioError> {
        if page.is_first {
            return self.begin(&page, take);
        }
        let Some(stream) = &mut self.stream else {
            return Err(self.refused.take().unwrap_or(AudioError::NoAudioTrack));
        };
        if page.serial != stream.serial {
            return Ok(());
        }
        let (packets, missing) = stream.packets(&page);
        let missing = missing.then(|| {
            let message = format!("pages are missing or out of order at byte {}", page.at);
            Damage::new(message).at_byte(page.at)
        });
        let too_long = AudioError::TooComplex { what: "bytes of an Ogg packet" };
        let mut packets = packets.ok_or(too_long)?.into_iter();
        while stream.headers_left > 0
            && let Some(packet) = packets.next()
        {
            stream.take_header(packet)?;
        }
        let sound: Vec<_> = packets.collect();
        if sound.is_empty() {
            return missing.map_or(Ok(()), |damage| take(&self.params, Event::Damage(damage)));
        }
        let group = Group { missing_before: missing, ..stream.group(sound, &page) };
        take(&self.params, Event::Group(group))
    }

    /// Begins a stream: the first one with Opus, or one that follows it.
    fn begin(&mut self, page: &Page, take: Take<'_>) -> Result<(), AudioError> {
        let is_chained = match &self.stream {
            None => false,
            // Streams that begin together: the first one is used.
            Some(stream) if !stream.begun => return Ok(()),
            Some(_) => true,
        };
        let stream = match Stream::of(page) {
            Ok(stream) if stream.codec == Codec::Opus => stream,
            Ok(_) => {
                let other = AudioError::unsupported_codec("this codec in live Ogg (Opus is read)");
                self.refused = Some(other);
                return Ok(());
            }
            Err(error) => {
                self.refused = Some(error);
                return Ok(());
            }
        };
        self.params = stream.params(&self.limits)?;
        self.stream = Some(stream);
        if !is_chained {
            return Ok(());
        }
        self.chained += 1;
        if self.chained > MIN_CHAIN + page.at / CHAIN_BYTES {
            return Err(AudioError::TooComplex { what: "chained streams" });
        }
        take(&self.params, Event::NewStream)
    }
}
