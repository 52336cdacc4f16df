//! Decoder of Opus packets (RFC 6716), which Symphonia demuxes but does not decode.

use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result, decode_error};
use symphonia::core::packet::PacketRef;

use super::opus_head::{Head, RATE};

const HEAD_DAMAGED: Error = Error::DecodeError("opus: the header of the stream is damaged");

/// Frames of the longest packet: 120 ms (RFC 6716, section 3.2.5).
const LONGEST: usize = 5760;

/// Decodes the packets of one stream, in their order.
pub(super) struct Packets {
    decoder: rusty_opus::OpusDecoder,
    channels: usize,
    gain: f32,
    interleaved: Vec<f32>,
}

impl Packets {
    /// `head` is the header of the stream, which containers keep as the codec's private data.
    pub(super) fn new(head: &[u8]) -> Result<Self> {
        let Head { channels, gain, .. } = Head::read(head).map_err(|_| HEAD_DAMAGED)?;
        let decoder = rusty_opus::OpusDecoder::new(RATE as i32, channels);
        let decoder = decoder.map_err(|_| Error::Unsupported("opus: no such decoder"))?;
        let interleaved = vec![0.0; LONGEST * channels];
        Ok(Self { decoder, channels, gain, interleaved })
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The samples of a packet, `[frames, channels]`.
    pub(super) fn decode(&mut self, packet: &[u8]) -> Result<&[f32]> {
        // The decoder takes an empty packet for a lost one and conceals it.
        if packet.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let frames = self
            .decoder
            .decode(packet, LONGEST, &mut self.interleaved)
            .map_err(|_| Error::DecodeError("opus: a damaged packet"))?
            .min(LONGEST);
        let samples = &mut self.interleaved[..frames * self.channels];
        if self.gain != 1.0 {
            samples.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Ok(samples)
    }
}

/// The decoder as Symphonia uses it.
pub(super) struct OpusDecoder {
    parameters: AudioCodecParameters,
    options: AudioDecoderOptions,
    packets: Packets,
    buffer: AudioBuffer<f32>,
}

impl OpusDecoder {
    fn packets(parameters: &AudioCodecParameters) -> Result<Packets> {
        match &parameters.extra_data {
            Some(head) => Packets::new(head),
            None => decode_error("opus: the header of the stream is missing"),
        }
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        // It was made of the same parameters before.
        if let Ok(packets) = Self::packets(&self.parameters) {
            self.packets = packets;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &CODECS[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let channels = self.packets.channels();
        let interleaved = self.packets.decode(packet.data)?;
        self.buffer.render_uninit(Some(interleaved.len() / channels));
        for channel in 0..channels {
            let Some(plane) = self.buffer.plane_mut(channel) else { continue };
            let samples = interleaved.iter().skip(channel).step_by(channels);
            plane.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        }
        if self.options.gapless {
            self.buffer.trim(0, packet.trim_end.get() as usize);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

const CODECS: &[SupportedAudioCodec] = &[SupportedAudioCodec {
    id: CODEC_ID_OPUS,
    info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
}];

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        options: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        let packets = Self::packets(parameters)?;
        let channels = Channels::Discrete(packets.channels() as u16);
        let buffer = AudioBuffer::new(AudioSpec::new(RATE, channels), LONGEST);
        Ok(Box::new(Self { parameters: parameters.clone(), options: *options, packets, buffer }))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        CODECS
    }
}

#[cfg(test)]
mod tests {
    use super::Packets;

    fn head(gain: i16) -> Vec<u8> {
        let [gain_0, gain_1] = gain.to_le_bytes();
        [b"OpusHead".as_slice(), &[1, 1, 0x38, 1, 0, 0, 0, 0, gain_0, gain_1, 0]].concat()
    }

    #[test]
    fn the_gain_of_the_header_is_applied() {
        // A packet of 20 ms of SILK: whatever it decodes to, the gain is a factor on it.
        let packet: Vec<u8> =
            (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) }).collect();
        let samples = |gain| {
            let mut packets = Packets::new(&head(gain)).unwrap();
            packets.decode(&packet).unwrap().to_vec()
        };
        let (plain, louder) = (samples(0), samples(256 * 20));
        assert_eq!(plain.len(), 960);
        assert!(plain.iter().any(|x| *x != 0.0));
        for (plain, louder) in plain.iter().zip(&louder) {
            assert!((10.0 * plain - louder).abs() < 1e-5);
        }
    }
}
