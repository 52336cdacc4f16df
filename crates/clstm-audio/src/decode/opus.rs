//! Packets of Opus (RFC 6716), which Symphonia finds in its containers but does not decode.

use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// The rate that all Opus is decoded at, in Hz (RFC 7845, section 4).
pub(super) const RATE: u32 = 48_000;

/// Frames of the longest packet: 120 ms (RFC 6716, section 3.2.5).
const LONGEST: usize = 5760;

/// What stands before the packets of a stream (RFC 7845, section 5.1).
#[derive(Debug)]
struct Head {
    channels: usize,
    /// Frames at the beginning that are no sound yet.
    pre_skip: usize,
    /// Factor on every sample.
    gain: f32,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(fields) =
            bytes.strip_prefix(b"OpusHead").and_then(|rest| rest.first_chunk::<11>())
        else {
            return decode_error("opus: the header of the stream is damaged");
        };
        let [version, channels, skip_0, skip_1, _, _, _, _, gain_0, gain_1, family] = *fields;
        // The upper half of the version is what breaks older readers.
        if version >> 4 != 0 {
            return unsupported_error("opus: a header of a later version");
        }
        // Families beside 0 are for three channels and more.
        if family != 0 || !(1..=2).contains(&channels) {
            return unsupported_error("opus: more than two channels");
        }
        // In 256ths of a decibel.
        let gain_db = f32::from(i16::from_le_bytes([gain_0, gain_1])) / 256.0;
        Ok(Self {
            channels: usize::from(channels),
            pre_skip: usize::from(u16::from_le_bytes([skip_0, skip_1])),
            gain: 10.0_f32.powf(gain_db / 20.0),
        })
    }
}

/// Makes samples of the packets of one stream, in their order.
pub(super) struct Packets {
    decoder: rusty_opus::OpusDecoder,
    channels: usize,
    gain: f32,
    /// Frames that are still to be left out.
    skip: usize,
    interleaved: Vec<f32>,
}

impl Packets {
    /// `head` is what the container keeps as the codec's private data.
    pub(super) fn new(head: &[u8]) -> Result<Self> {
        let Head { channels, pre_skip, gain } = Head::parse(head)?;
        let decoder = rusty_opus::OpusDecoder::new(RATE as i32, channels);
        let decoder = decoder.map_err(|_| Error::Unsupported("opus: no such decoder"))?;
        let interleaved = vec![0.0; LONGEST * channels];
        Ok(Self { decoder, channels, gain, skip: pre_skip, interleaved })
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The samples of a packet, its channels in turn; none of the encoder's delay.
    pub(super) fn decode(&mut self, packet: &[u8]) -> Result<&[f32]> {
        // To the decoder it would be a packet that was lost.
        if packet.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let frames = self
            .decoder
            .decode(packet, LONGEST, &mut self.interleaved)
            .map_err(|_| Error::DecodeError("opus: a damaged packet"))?
            .min(LONGEST);
        let skipped = self.skip.min(frames);
        self.skip -= skipped;
        let samples = &mut self.interleaved[skipped * self.channels..frames * self.channels];
        if self.gain != 1.0 {
            samples.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Ok(samples)
    }
}

/// The same for Symphonia.
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
            // What lies before the sound was left out above: not every container says how much it is.
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
    use super::{Head, Packets};

    fn head(version: u8, channels: u8, gain: i16, family: u8) -> Vec<u8> {
        let [gain_0, gain_1] = gain.to_le_bytes();
        let fields = [version, channels, 0x38, 1, 0, 0, 0, 0, gain_0, gain_1, family];
        [b"OpusHead".as_slice(), &fields].concat()
    }

    #[test]
    fn headers_are_read_and_others_are_refused() {
        let read = Head::parse(&head(1, 2, -1536, 0)).unwrap();
        assert_eq!((read.channels, read.pre_skip), (2, 312));
        assert!((read.gain - 0.501_187).abs() < 1e-5, "-6 dB, {}", read.gain);
        for wrong in [head(16, 1, 0, 0), head(1, 0, 0, 0), head(1, 3, 0, 0), head(1, 6, 0, 1)] {
            assert!(Head::parse(&wrong).is_err(), "{wrong:?}");
        }
        assert!(Head::parse(&head(1, 1, 0, 0)[..18]).is_err(), "cut off");
        assert!(Head::parse(b"").is_err());
    }

    #[test]
    fn the_gain_of_the_header_is_applied() {
        // A packet of 20 ms of SILK: whatever it says, the gain is a factor on it.
        let packet: Vec<u8> =
            (0..40_u8).map(|i| if i == 0 { 0x08 } else { i.wrapping_mul(37) }).collect();
        let samples = |gain| {
            let mut packets = Packets::new(&head(1, 1, gain, 0)).unwrap();
            packets.decode(&packet).unwrap().to_vec()
        };
        let (plain, louder) = (samples(0), samples(256 * 20));
        assert_eq!(plain.len(), 960 - 312);
        assert!(plain.iter().any(|x| *x != 0.0));
        for (plain, louder) in plain.iter().zip(&louder) {
            assert!((10.0 * plain - louder).abs() < 1e-5);
        }
    }
}
