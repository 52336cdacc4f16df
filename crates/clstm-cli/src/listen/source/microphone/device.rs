//! Devices of the system.

use std::sync::Arc;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, ErrorKind, FromSample, I24, SampleFormat, SizedSample, Stream, StreamConfig};

use super::super::Sound;
use super::bridge::Bridge;
use super::callback::{CallbackStatus, CallbackWriter};
use crate::error::CliError;
use crate::table::Table;
use crate::text::printable;

/// An error of the audio system.
fn failed(what: &str, error: &cpal::Error) -> CliError {
    CliError::Failed(format!("{what}: {error}"))
}

/// A device with its names.
struct Named {
    device: Device,
    /// Its unique id, such as `hw:CARD=0,DEV=0`.
    id: String,
    /// Its name for people.
    name: String,
}

impl Named {
    fn of(device: Device) -> Self {
        let name = printable(device.to_string().trim());
        let id = device.id().map_or_else(|_| name.clone(), |id| printable(id.id()));
        Self { device, id, name }
    }

    fn is_named(&self, name: &str) -> bool {
        self.id == name || self.name == name
    }

    /// Whether one of its names contains `part`, ignoring case.
    fn resembles(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        [&self.id, &self.name].iter().any(|name| name.to_lowercase().contains(&part))
    }
}

fn all() -> Result<Vec<Named>, CliError> {
    let devices = cpal::default_host().input_devices();
    let devices = devices.map_err(|error| failed("cannot list microphones", &error))?;
    Ok(devices.map(Named::of).collect())
}

fn table<'a>(devices: impl IntoIterator<Item = &'a Named>, default: Option<&str>) -> String {
    let mut table = Table::new(2, ["device", "name", ""]);
    for Named { id, name, .. } in devices {
        let mark = if Some(id.as_str()) == default { "default" } else { "" };
        table.row([id.as_str(), name, mark]);
    }
    table.to_string()
}

/// The microphones, a line each.
pub(crate) fn devices() -> Result<String, CliError> {
    let devices = all()?;
    if devices.is_empty() {
        return Err(CliError::Failed("there is no microphone".to_owned()));
    }
    let default = cpal::default_host().default_input_device().map(|device| Named::of(device).id);
    Ok(table(&devices, default.as_deref()))
}

/// The device of this name, or the only one whose names contain it; without a name the system's default.
fn choose(name: Option<&str>) -> Result<Named, CliError> {
    let Some(name) = name else {
        let device = cpal::default_host().default_input_device().ok_or_else(|| {
            let message = "there is no microphone; see `clstm listen --list-devices`, or pipe \
                           audio in with `--input -`";
            CliError::Failed(message.to_owned())
        })?;
        return Ok(Named::of(device));
    };
    let mut devices = all()?;
    if let Some(exact) = devices.iter().position(|device| device.is_named(name)) {
        return Ok(devices.swap_remove(exact));
    }
    devices.retain(|device| device.resembles(name));
    match devices.len() {
        1 => Ok(devices.remove(0)),
        0 => Err(CliError::Usage(format!(
            "there is no microphone {name:?}; see `clstm listen --list-devices`"
        ))),
        _ => Err(CliError::Usage(format!(
            "{name:?} matches several microphones:\n{}",
            table(&devices, None).trim_end()
        ))),
    }
}

/// Opens a microphone and starts its stream, its channels averaged or apart.
pub(in super::super) fn open(name: Option<&str>, apart: bool) -> Result<Sound, CliError> {
    let Named { device, name, .. } = choose(name)?;
    let refused = |error: cpal::Error| failed(&format!("cannot record from {name}"), &error);
    let supported = device.default_input_config().map_err(refused)?;
    let (format, config) = (supported.sample_format(), supported.config());
    let status = Arc::new(CallbackStatus::default());
    let rate = config.sample_rate;
    let channels = usize::from(config.channels);
    let (capture, ring) = CallbackWriter::new(channels, apart, rate, Arc::clone(&status));
    let channels = capture.sent_channels();
    let stream = stream(&device, format, config, capture, &status).map_err(refused)?;
    stream.play().map_err(refused)?;
    let bridge = Bridge::new(ring, channels, rate, name.clone(), status);
    Ok(Sound {
        name,
        rate: Some(rate),
        live: true,
        run: Box::new(move |feed| bridge.run(feed).map(|()| None)),
        _held: Some(Box::new(stream)),
    })
}

/// Whatever a device gives becomes `f32`.
fn stream(
    device: &Device,
    format: SampleFormat,
    config: StreamConfig,
    capture: CallbackWriter,
    status: &Arc<CallbackStatus>,
) -> Result<Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => typed::<i8>(device, config, capture, status),
        SampleFormat::I16 => typed::<i16>(device, config, capture, status),
        SampleFormat::I24 => typed::<I24>(device, config, capture, status),
        SampleFormat::I32 => typed::<i32>(device, config, capture, status),
        SampleFormat::U8 => typed::<u8>(device, config, capture, status),
        SampleFormat::U16 => typed::<u16>(device, config, capture, status),
        SampleFormat::U32 => typed::<u32>(device, config, capture, status),
        SampleFormat::F32 => typed::<f32>(device, config, capture, status),
        SampleFormat::F64 => typed::<f64>(device, config, capture, status),
        other => {
            let message = format!("its sample format {other} is not supported");
            Err(cpal::Error::with_message(ErrorKind::UnsupportedConfig, message))
        }
    }
}

fn typed<T>(
    device: &Device,
    config: StreamConfig,
    mut capture: CallbackWriter,
    status: &Arc<CallbackStatus>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let status = Arc::clone(status);
    device.build_input_stream::<T, _, _>(
        config,
        move |samples, _| capture.take(samples, f32::from_sample_),
        move |error| match error.kind() {
            // The system lost samples; it does not report how many.
            ErrorKind::Xrun => status.overrun(),
            // The stream continues.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            _ => status.end(error.to_string()),
        },
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::FromSample;

    #[test]
    fn the_middle_is_silence_and_the_ends_are_full_scale() {
        assert_eq!(f32::from_sample_(0_i16), 0.0);
        assert_eq!(f32::from_sample_(i16::MIN), -1.0);
        assert_eq!(f32::from_sample_(32_768_u16), 0.0);
        assert_eq!(f32::from_sample_(0_u16), -1.0);
        assert!((f32::from_sample_(u16::MAX) - 1.0).abs() < 1e-4);
        assert_eq!(f32::from_sample_(0.25_f32), 0.25);
    }
}
