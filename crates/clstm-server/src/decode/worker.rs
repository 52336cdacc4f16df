//! The worker side: a process that decodes recordings and nothing else.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;

use clstm::audio::{
    AudioError, DecodeReport, Decoded, load_bytes, stream_bytes, stream_channels_bytes,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::protocol::{
    CHANNELS, END, ERROR, FRAME_SAMPLES, Failure, RATE, Report, Request, SAMPLES, write_frame,
};
use crate::api_error::ApiError;

/// Decodes recordings for a server: reads requests from standard input and writes samples to standard output,
/// until the input is closed. A program that is named in [`DecodeWorkers`](crate::DecodeWorkers) calls this and
/// does nothing else.
///
/// The process loses the right to open files and sockets, to write to files, to start threads and to dump core; memory
/// and CPU time have a limit for each recording.
///
/// # Errors
/// If standard input or output fails, or a limit cannot be set.
pub fn run_decode_worker() -> io::Result<()> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // A panic of a decoder is an error of the recording, which the response describes.
    std::panic::set_hook(Box::new(|_| {}));
    confine()?;
    let mut output = BufWriter::with_capacity(1 << 16, output);
    while let Some(request) = Request::read(&mut input)? {
        limit(&request)?;
        let mut body = vec![0; usize::try_from(request.body_bytes).map_err(io::Error::other)?];
        input.read_exact(&mut body)?;
        match decode(&request, &body, &mut output) {
            Ok(report) => {
                let report = Report { damage: report.damage };
                write_frame(&mut output, END, &serde_json::to_vec(&report)?)?;
            }
            Err(Stop::Output(error)) => return Err(error),
            Err(Stop::Audio(error)) => {
                let error = ApiError::from(error);
                let failure = Failure {
                    status: error.status().as_u16(),
                    kind: error.word().to_owned(),
                    message: error.detail().message.to_owned(),
                };
                write_frame(&mut output, ERROR, &serde_json::to_vec(&failure)?)?;
            }
        }
        output.flush()?;
    }
    Ok(())
}

/// Takes rights away that no decoder needs.
fn confine() -> io::Result<()> {
    // When memory is short, the kernel ends workers before the server. Linux only; elsewhere there is no such file.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let none = || Rlimit { current: Some(0), maximum: Some(0) };
    // Open descriptors stay open; new files and sockets fail.
    for resource in [Resource::Nofile, Resource::Fsize, Resource::Core, Resource::Nproc] {
        setrlimit(resource, none())?;
    }
    Ok(())
}

/// Limits memory and CPU time for one request.
fn limit(request: &Request) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs() + 1;
    let limits = [
        (Resource::Cpu, used.saturating_add(request.max_cpu_s)),
        (Resource::As, request.max_memory_bytes),
    ];
    for (resource, most) in limits {
        let maximum = getrlimit(resource).maximum;
        let current = Some(maximum.map_or(most, |maximum| maximum.min(most)));
        setrlimit(resource, Rlimit { current, maximum })?;
    }
    Ok(())
}

enum Stop {
    Audio(AudioError),
    Output(io::Error),
}

impl From<AudioError> for Stop {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn decode(request: &Request, body: &[u8], output: &mut impl Write) -> Result<DecodeReport, Stop> {
    let limits = request.limits();
    if let Some(rate) = request.resample_to {
        let Decoded { waveform, report } = load_bytes(body, None, rate, &limits)?;
        write_frame(output, RATE, &waveform.sample_rate.to_le_bytes())?;
        write_samples(output, &waveform.samples, 1)?;
        return Ok(report);
    }
    let mut first = true;
    if request.apart {
        let mut announced = 0;
        return stream_channels_bytes(body, None, &limits, |chunk, channels, rate| {
            if std::mem::take(&mut first) {
                write_frame(output, RATE, &rate.to_le_bytes())?;
            }
            if channels != announced {
                announced = channels;
                let count = u32::try_from(channels).map_err(io::Error::other)?;
                write_frame(output, CHANNELS, &count.to_le_bytes())?;
            }
            Ok::<_, Stop>(write_samples(output, chunk, channels)?)
        });
    }
    stream_bytes(body, None, &limits, |chunk, rate| -> Result<(), Stop> {
        if std::mem::take(&mut first) {
            write_frame(output, RATE, &rate.to_le_bytes())?;
        }
        Ok(write_samples(output, chunk, 1)?)
    })
}

/// Writes interleaved samples, in frames of the protocol that end with the last channel.
fn write_samples(output: &mut impl Write, samples: &[f32], channels: usize) -> io::Result<()> {
    let most = (FRAME_SAMPLES / channels.max(1)).max(1) * channels.max(1);
    let mut bytes = Vec::with_capacity(4 * samples.len().min(most));
    for chunk in samples.chunks(most) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|sample| sample.to_le_bytes()));
        write_frame(output, SAMPLES, &bytes)?;
    }
    Ok(())
}
