//! The header of an Opus stream (RFC 7845, section 5.1).

use crate::error::AudioError;

/// The rate that all Opus is decoded at, in Hz (RFC 7845, section 4).
pub(super) const RATE: u32 = 48_000;

/// The identification header.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) channels: usize,
    /// Frames of the encoder's delay, which are not presented.
    pub(super) pre_skip: usize,
    /// Factor on every sample.
    pub(super) gain: f32,
}

impl Head {
    /// Reads the header, which begins with `OpusHead` in all containers but MP4.
    ///
    /// # Errors
    /// If it is damaged, or the stream has more than two channels.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, AudioError> {
        let Some(fields) =
            bytes.strip_prefix(b"OpusHead").and_then(|rest| rest.first_chunk::<11>())
        else {
            return Err(AudioError::damaged("the header of the Opus stream is damaged"));
        };
        let [version, channels, skip_0, skip_1, _, _, _, _, gain_0, gain_1, family] = *fields;
        // The upper half of the version is what breaks older readers.
        if version >> 4 != 0 {
            return Err(AudioError::unsupported_codec("Opus of a later version"));
        }
        // Families beside 0 are for three channels and more.
        if family != 0 || !(1..=2).contains(&channels) {
            return Err(AudioError::unsupported_codec("Opus with more than two channels"));
        }
        // In 256ths of a decibel.
        let gain_db = f32::from(i16::from_le_bytes([gain_0, gain_1])) / 256.0;
        Ok(Self {
            channels: usize::from(channels),
            pre_skip: usize::from(u16::from_le_bytes([skip_0, skip_1])),
            gain: 10.0_f32.powf(gain_db / 20.0),
        })
    }

    /// The same header without an encoder's delay: the timeline leaves it out, not the decoder.
    pub(super) fn without_pre_skip(bytes: &[u8]) -> Vec<u8> {
        let mut head = bytes.to_vec();
        if let Some(skip) = head.get_mut(10..12) {
            skip.fill(0);
        }
        head
    }
}

/// A header for `channels` channels without an encoder's delay, of streams that have none.
pub(super) fn of(channels: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.extend([channels, 0, 0]);
    head.extend(RATE.to_le_bytes());
    head.extend([0; 3]);
    head
}

#[cfg(test)]
mod tests {
    use super::Head;

    fn head(version: u8, channels: u8, gain: i16, family: u8) -> Vec<u8> {
        let [gain_0, gain_1] = gain.to_le_bytes();
        let fields = [version, channels, 0x38, 1, 0, 0, 0, 0, gain_0, gain_1, family];
        [b"OpusHead".as_slice(), &fields].concat()
    }

    #[test]
    fn headers_are_read_and_others_are_refused() {
        let read = Head::read(&head(1, 2, -1536, 0)).unwrap();
        assert_eq!((read.channels, read.pre_skip), (2, 312));
        assert!((read.gain - 0.501_187).abs() < 1e-5, "-6 dB, {}", read.gain);
        let without = Head::read(&Head::without_pre_skip(&head(1, 2, -1536, 0))).unwrap();
        assert_eq!((without.channels, without.pre_skip), (2, 0));
        for wrong in [head(16, 1, 0, 0), head(1, 0, 0, 0), head(1, 3, 0, 0), head(1, 6, 0, 1)] {
            assert!(Head::read(&wrong).is_err(), "{wrong:?}");
        }
        assert!(Head::read(&head(1, 1, 0, 0)[..18]).is_err(), "cut off");
        assert!(Head::read(b"").is_err());
    }
}
