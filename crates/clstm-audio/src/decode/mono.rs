//! Mixing a decoded packet down to one channel.

use symphonia::core::audio::GenericAudioBufferRef;

use crate::error::AudioError;
use crate::level::is_usable;

/// Scratch for the mix, kept from packet to packet.
#[derive(Default)]
pub(super) struct Mixer {
    interleaved: Vec<f32>,
    mono: Vec<f32>,
}

impl Mixer {
    /// The mean of the channels of a packet whose first frame is number `first_frame`.
    ///
    /// The mean keeps speech that is on one channel as well as speech on all of them within full
    /// scale. Integer formats arrive scaled to ±1.
    pub(super) fn mix(
        &mut self,
        packet: &GenericAudioBufferRef<'_>,
        first_frame: u64,
    ) -> Result<&[f32], AudioError> {
        let channels = packet.spec().channels().count().max(1);
        packet.copy_to_vec_interleaved::<f32>(&mut self.interleaved);
        self.mono.clear();
        if channels == 1 {
            self.mono.extend_from_slice(&self.interleaved);
        } else {
            // In f64 the sum of large finite samples cannot overflow.
            let scale = 1.0 / channels as f64;
            self.mono.extend(self.interleaved.chunks_exact(channels).map(|frame| {
                let sum: f64 = frame.iter().map(|&x| f64::from(x)).sum();
                (sum * scale) as f32
            }));
        }
        match self.mono.iter().position(|x| !is_usable(*x)) {
            Some(at) => Err(AudioError::NonFinite { at: first_frame + at as u64 }),
            None => Ok(&self.mono),
        }
    }
}
