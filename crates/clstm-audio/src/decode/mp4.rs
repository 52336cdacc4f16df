//! MP4, M4A, MOV and 3GP: samples of one audio track in the order and at the times of the edit list.
//!
//! The tables of samples are read entry by entry while decoding, so that no table is held in memory. An edit
//! list decides what is presented and when: the encoder's delay and trimmed parts are not, an empty edit
//! is silence. Fragments (moof) follow the tables. Format: ISO/IEC 14496-12; QuickTime File Format.

mod boxes;
mod check;
mod codec;
mod edits;
mod fragments;
mod layout;
mod moov;
#[cfg(feature = "opus")]
mod push;
mod table;

pub(super) use codec::check_alac;
#[cfg(feature = "opus")]
pub(super) use push::Mp4Push;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use boxes::next_box;
use edits::Edit;
use fragments::Fragments;
use layout::Layout;
use moov::Track;
use table::SampleTable;

use super::demux::{Demuxer, Event, Group, Ticks};
use super::limits::DecodeLimits;
use super::output::TOLERANCE_S;
use super::scan::{Failure, Scanner};
use crate::error::AudioError;
use crate::report::{Damage, DecodeNote};

/// Longest sample, in bytes. A second of 32 channels of 64 bits at 48 kHz is less.
const MAX_SAMPLE: u32 = 16 << 20;
/// Samples of at most this many bytes (PCM) are joined to packets, and how many a packet has.
const SMALL_SAMPLE: u32 = 256;
const JOINED: usize = 1024;

/// A sample in the file, and its time in ticks of the track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    at: u64,
    len: u32,
    time: i64,
    duration: u32,
}

impl Sample {
    /// Ticks behind the sample. Times of fragments may be near the largest number.
    fn end(&self) -> i64 {
        self.time.saturating_add(i64::from(self.duration))
    }
}

/// Samples of one audio track of an MP4.
pub(super) struct Mp4Demuxer<'a> {
    scan: Scanner<'a>,
    params: AudioCodecParameters,
    track: Track,
    tracks: usize,
    table: SampleTable,
    fragments: Option<Fragments>,
    edits: Vec<Edit>,
    /// The edit that is presented.
    edit: usize,
    /// A sample that belongs to the next packet or edit.
    held: Option<Sample>,
    /// Samples so far, each of which takes at least a byte of the file.
    count: u64,
    notes: Vec<DecodeNote>,
    /// What is wrong with the tables.
    contradiction: Option<Damage>,
    damage: Option<Damage>,
    /// First byte, in the input, of a recording that is joined to this one.
    next: Option<u64>,
    ended: bool,
}

impl<'a> Mp4Demuxer<'a> {
    /// Uses audio track number `index`, from 0.
    pub(super) fn open(
        mut scan: Scanner<'a>,
        index: usize,
        limits: &DecodeLimits,
    ) -> Result<Self, Failure> {
        let Layout { movie, first_fragment, damage, next } = layout::layout(&mut scan)?;
        if let Some(next) = next {
            scan.truncate(next);
        }
        let tracks = movie.tracks.len();
        let movie_scale = movie.time_scale;
        let mut track = movie.tracks.into_iter().nth(index).ok_or(AudioError::NoAudioTrack)?;
        let (params, notes) = codec::params(&track.entry, limits)?;
        let rate = params.sample_rate.unwrap_or(1);
        let contradiction = check::check(&mut scan, &mut track, rate)?;
        let edits = edits::resolve(&track, movie_scale, movie.priming);
        let fragments = first_fragment
            .filter(|_| movie.is_fragmented)
            .map(|at| Fragments::new(at, track.id, track.defaults));
        Ok(Self {
            table: SampleTable::new(&track.tables),
            params,
            track,
            tracks,
            fragments,
            edits,
            edit: 0,
            held: None,
            count: 0,
            notes,
            contradiction,
            damage,
            next: next.map(|next| scan.base() + next),
            ended: false,
            scan,
        })
    }

    /// Audio tracks of the file.
    pub(super) fn tracks(&self) -> usize {
        self.tracks
    }

    /// First byte, in the input, of a recording that is joined to this one.
    pub(super) fn joined_at(&self) -> Option<u64> {
        self.next
    }

    /// The next sample of the track, whether it is presented or not.
    fn next_sample(&mut self) -> Result<Option<Sample>, Failure> {
        if let Some(sample) = self.held.take() {
            return Ok(Some(sample));
        }
        self.count += 1;
        if self.count > self.scan.len().saturating_mul(2) {
            return Err(AudioError::TooComplex { what: "samples of an MP4 file" }.into());
        }
        if let Some(sample) = self.table.next(&mut self.scan)? {
            return Ok(Some(sample));
        }
        match &mut self.fragments {
            Some(fragments) => fragments.next(&mut self.scan, self.table.end_time()),
            None => Ok(None),
        }
    }

    /// Goes back to the first sample, for edits that are not in the order of the media.
    fn rewind(&mut self) {
        self.table = SampleTable::new(&self.track.tables);
        if let Some(fragments) = &mut self.fragments {
            fragments.rewind();
        }
        self.held = None;
    }

    /// Whether `sample` is the last one of the track.
    fn is_last(&mut self) -> Result<bool, Failure> {
        if self.held.is_none() {
            self.held = self.next_sample()?;
        }
        Ok(self.held.is_none())
    }

    /// The bytes of a sample and of the small ones that follow it in the file.
    fn packet(&mut self, mut sample: Sample) -> Result<Result<(Sample, Vec<u8>), Damage>, Failure> {
        let cut = |scan: &Scanner<'_>, at: u64| {
            let message = "samples of the index lie beyond the end; the file was cut short";
            Damage::new(message).at_byte(scan.base() + at.min(scan.len()))
        };
        if sample.len > MAX_SAMPLE {
            return Ok(Err(cut(&self.scan, sample.at)));
        }
        let mut data = self.scan.bytes(sample.at, sample.len as usize)?.to_vec();
        if data.len() < sample.len as usize {
            return Ok(Err(cut(&self.scan, sample.at)));
        }
        if sample.len <= SMALL_SAMPLE && self.track.entry.is_pcm() {
            let (step, mut last) = (sample.duration, sample.duration);
            // A sample of another duration ends with a gap.
            for _ in 1..JOINED {
                if last != step {
                    break;
                }
                let Some(next) = self.next_sample()? else { break };
                let is_next = next.at == sample.at + data.len() as u64
                    && next.time == sample.end()
                    && next.len <= SMALL_SAMPLE
                    && next.at.saturating_add(u64::from(next.len)) <= self.scan.len();
                if !is_next {
                    self.held = Some(next);
                    break;
                }
                data.extend_from_slice(self.scan.bytes(next.at, next.len as usize)?);
                sample.duration = sample.duration.saturating_add(next.duration);
                last = next.duration;
            }
        }
        Ok(Ok((sample, data)))
    }
}

impl Demuxer for Mp4Demuxer<'_> {
    fn params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn header_duration_s(&self) -> Option<f64> {
        let seconds = self.track.duration as f64 / f64::from(self.track.time_scale.max(1));
        (seconds > 0.0).then_some(seconds)
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        if let Some(note) = self.notes.pop() {
            return Ok(Some(Event::Note(note)));
        }
        if let Some(contradiction) = self.contradiction.take() {
            return Ok(Some(Event::Damage(contradiction)));
        }
        while !self.ended {
            let Some(edit) = self.edits.get(self.edit).copied() else { break };
            let Some(sample) = self.next_sample()? else {
                // The media ends; a later edit may show an earlier part again.
                self.edit += 1;
                if self.edits.get(self.edit).is_some() {
                    self.rewind();
                }
                continue;
            };
            let end = sample.end();
            if sample.time >= edit.media_end {
                self.held = Some(sample);
                self.edit += 1;
                let next = self.edits.get(self.edit);
                if next.is_some_and(|next| next.media_start < sample.time) {
                    self.rewind();
                }
                continue;
            }
            if end <= edit.media_start - self.track.preroll {
                continue;
            }
            let (sample, data) = match self.packet(sample)? {
                Ok(packet) => packet,
                Err(damage) => {
                    self.ended = true;
                    self.damage = None;
                    let mut end = sample.end();
                    while let Some(sample) = self.next_sample()? {
                        end = end.max(sample.end());
                    }
                    let missing = end.min(edit.media_end) - sample.time;
                    let missing_s = missing as f64 / f64::from(self.track.time_scale);
                    return Ok(Some(Event::Damage(damage.missing(missing_s))));
                }
            };
            if data.is_empty() {
                continue;
            }
            let end = sample.end();
            let ticks = |value: i64| Ticks { value, per_second: self.track.time_scale };
            let lead = (edit.media_start - sample.time).clamp(0, i64::from(sample.duration));
            let start = ticks(edit.presented_at.saturating_add(sample.time - edit.media_start));
            // What an encoder adds to fill its last packet is presented by some players and not by
            // others; a cut before it is exact.
            let mut tail = (end - edit.media_end).clamp(0, i64::from(sample.duration) - lead);
            let (lead, mut tail_ticks) = (ticks(lead), ticks(tail));
            if tail > 0 && self.edit + 1 == self.edits.len() && self.is_last()? {
                tail = 0;
                tail_ticks.value = 0;
            }
            let least = (TOLERANCE_S * f64::from(self.track.time_scale)) as i64;
            let are_missing =
                self.fragments.as_mut().is_some_and(|it| it.are_missing_before(&sample, least));
            let missing_before = are_missing.then(|| {
                let at = self.scan.base() + sample.at;
                Damage::new(format!("fragments are missing before byte {at}")).at_byte(at)
            });
            let duration = Duration::new(u64::from(sample.duration));
            let packet = Packet::new(0, Timestamp::from(0), duration, data.into_boxed_slice());
            return Ok(Some(Event::Group(Group {
                start: Some(start),
                exact: true,
                discard: (lead.value > 0 || tail > 0).then_some((lead, tail_ticks)),
                at_byte: Some(self.scan.base() + sample.at),
                missing_before,
                ..Group::of(packet)
            })));
        }
        if std::mem::take(&mut self.table).overlaps() {
            let message = "samples of the index overlap: their sizes are wrong";
            Damage::add(&mut self.damage, Damage::new(message));
        }
        Ok(self.damage.take().map(Event::Damage))
    }
}
