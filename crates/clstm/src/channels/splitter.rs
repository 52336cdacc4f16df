//! Interleaved audio split into channels at the rate of the model.

use std::ops::Range;

use clstm_audio::Resampler;

use super::ChannelSelection;
use super::crosstalk::CrosstalkGate;
use crate::RecognizeError;

/// Samples of each channel that are processed at once, however many are pushed.
const PART: usize = 1 << 14;

/// Splits interleaved audio into the selected channels, at one rate and without cross-talk.
#[derive(Debug)]
pub(crate) struct ChannelSplitter {
    /// Rate of the result, in Hz.
    rate: u32,
    selection: ChannelSelection,
    /// Empty before the first samples, which decide the number of channels.
    resamplers: Vec<Resampler>,
    gate: Option<CrosstalkGate>,
    /// Buffers of one part, by channel: before resampling, after it, and without cross-talk.
    raw: Vec<f32>,
    resampled: Vec<Vec<f32>>,
    clean: Vec<Vec<f32>>,
}

impl ChannelSplitter {
    /// To channels at `rate` Hz.
    pub(crate) fn new(rate: u32, selection: ChannelSelection) -> Self {
        Self {
            rate,
            selection,
            resamplers: Vec::new(),
            gate: None,
            raw: Vec::new(),
            resampled: Vec::new(),
            clean: Vec::new(),
        }
    }

    /// The numbers of the selected channels, once there are samples.
    pub(crate) fn selected(&self) -> Range<usize> {
        match self.selection {
            ChannelSelection::One(channel) => channel..channel.saturating_add(1),
            _ => 0..self.resamplers.len(),
        }
    }

    /// Splits interleaved samples `[frames, channels]` at `rate` Hz and appends the selected channels to `out`, which grows to
    /// their number.
    pub(crate) fn push(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
        out: &mut Vec<Vec<f32>>,
    ) -> Result<(), RecognizeError> {
        if interleaved.is_empty() {
            return Ok(());
        }
        if self.resamplers.is_empty() {
            self.start(channels, rate)?;
        }
        for part in interleaved.chunks(PART * channels.max(1)) {
            for (index, resampler) in self.resamplers.iter_mut().enumerate() {
                // A part with fewer channels (files joined to one) gives its last one to the others.
                let index_in_part = index.min(channels.saturating_sub(1));
                self.raw.clear();
                self.raw.extend(part.iter().skip(index_in_part).step_by(channels.max(1)));
                resampler.push(&self.raw, &mut self.resampled[index])?;
            }
            self.separate(false, out);
        }
        Ok(())
    }

    /// Appends what is left at the end.
    pub(crate) fn finish(&mut self, out: &mut Vec<Vec<f32>>) -> Result<(), RecognizeError> {
        for (resampler, resampled) in self.resamplers.iter_mut().zip(&mut self.resampled) {
            resampler.finish(resampled)?;
        }
        self.separate(true, out);
        Ok(())
    }

    fn start(&mut self, channels: usize, rate: u32) -> Result<(), RecognizeError> {
        if let ChannelSelection::One(channel) = self.selection
            && channel >= channels
        {
            return Err(RecognizeError::NoChannel { channel, channels });
        }
        let resamplers = (0..channels.max(1)).map(|_| Resampler::new(rate, self.rate));
        self.resamplers = resamplers.collect::<Result<_, _>>()?;
        self.resampled = vec![Vec::new(); self.resamplers.len()];
        self.clean = self.resampled.clone();
        self.gate = Some(CrosstalkGate::new(self.resamplers.len(), self.rate));
        Ok(())
    }

    /// Removes the cross-talk of what was resampled.
    fn separate(&mut self, ended: bool, out: &mut Vec<Vec<f32>>) {
        let selected = self.selected();
        out.resize_with(out.len().max(selected.len()), Vec::new);
        let Some(gate) = &mut self.gate else { return };
        gate.push(&mut self.resampled, &mut self.clean);
        if ended {
            gate.finish(&mut self.clean);
        }
        for (channel, out) in selected.zip(out.iter_mut()) {
            out.append(&mut self.clean[channel]);
        }
        self.clean.iter_mut().for_each(Vec::clear);
    }
}
