//! Raw samples from a pipe.

use std::io::{self, Read};

use crate::args::SampleFormat;

/// Size of a read in bytes: a tenth of a second of 16-bit mono at 16 kHz, for a short delay.
const CHUNK: usize = 3200;

/// Reads interleaved samples.
pub(super) struct Pcm<R> {
    reader: R,
    format: SampleFormat,
    channels: usize,
    /// Bytes that were read; the first `filled` are new.
    bytes: Vec<u8>,
    filled: usize,
}

impl<R: Read> Pcm<R> {
    pub(super) fn new(reader: R, format: SampleFormat, channels: usize) -> Self {
        let frame = channels * width(format);
        Self { reader, format, channels, bytes: vec![0; CHUNK.next_multiple_of(frame)], filled: 0 }
    }

    /// Whether the data has ended within a sample.
    pub(super) fn is_cut(&self) -> bool {
        self.filled > 0
    }

    /// Replaces `samples` with the next ones, at least one of each channel; `false` at the end.
    ///
    /// # Errors
    /// Of the reader.
    pub(super) fn read(&mut self, samples: &mut Vec<f32>) -> io::Result<bool> {
        samples.clear();
        let frame = self.channels * width(self.format);
        while self.filled < frame {
            match self.reader.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let whole = self.filled / frame * frame;
        let bytes = &self.bytes[..whole];
        match self.format {
            SampleFormat::S16le => {
                let (values, _) = bytes.as_chunks::<2>();
                samples.extend(values.iter().map(|&v| f32::from(i16::from_le_bytes(v)) / 32_768.0));
            }
            SampleFormat::F32le => {
                let (values, _) = bytes.as_chunks::<4>();
                samples.extend(values.iter().map(|&v| f32::from_le_bytes(v)));
            }
        }
        self.bytes.copy_within(whole..self.filled, 0);
        self.filled -= whole;
        Ok(true)
    }
}

/// Bytes of a sample.
pub(super) fn width(format: SampleFormat) -> usize {
    match format {
        SampleFormat::S16le => 2,
        SampleFormat::F32le => 4,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Pcm;
    use crate::args::SampleFormat;

    /// Gives a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(to.len());
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn all(
        bytes: &[u8],
        step: usize,
        format: SampleFormat,
        channels: usize,
    ) -> std::io::Result<(Vec<f32>, bool)> {
        let mut pcm = Pcm::new(Trickle(bytes, step), format, channels);
        let (mut all, mut samples) = (Vec::new(), Vec::new());
        while pcm.read(&mut samples)? {
            assert!(!samples.is_empty());
            all.extend_from_slice(&samples);
        }
        Ok((all, pcm.is_cut()))
    }

    #[test]
    fn samples_are_the_same_however_their_bytes_arrive() {
        let values: Vec<i16> = (0..5000).map(|n| (n * 37 % 4001 - 2000) as i16).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let mono: Vec<f32> = values.iter().map(|&v| f32::from(v) / 32_768.0).collect();
        let floats: Vec<u8> = mono.iter().flat_map(|v| v.to_le_bytes()).collect();
        for step in [1, 3, 7, 4096] {
            let read = |bytes: &[u8], format, channels| all(bytes, step, format, channels).unwrap();
            assert_eq!(read(&bytes, SampleFormat::S16le, 1), (mono.clone(), false));
            assert_eq!(read(&bytes, SampleFormat::S16le, 2), (mono.clone(), false));
            let cut = read(&bytes[..bytes.len() - 2], SampleFormat::S16le, 2);
            assert_eq!(cut, (mono[..mono.len() - 2].to_vec(), true));
            assert_eq!(read(&floats, SampleFormat::F32le, 1), (mono.clone(), false));
            let cut = read(&bytes[..bytes.len() - 1], SampleFormat::S16le, 1);
            assert_eq!(cut, (mono[..mono.len() - 1].to_vec(), true));
        }
        assert_eq!(all(&[], 1, SampleFormat::S16le, 1).unwrap(), (Vec::new(), false));
    }
}
