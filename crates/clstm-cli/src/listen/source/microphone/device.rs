//! Devices of the system.

use std::sync::Arc;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, ErrorKind, FromSample, I24, SampleFormat, SizedSample, Stream, StreamConfig};

use super::super::Sound;
use super::capture::{Capture, News};
use super::pump::Pump;
use crate::failure::Failure;
use crate::table::{Table, printable};

/// What is said of an error of the system's sound.
fn failed(what: &str, error: &cpal::Error) -> Failure {
    Failure::Failed(format!("{what}: {error}"))
}

/// A device with its names.
struct Named {
    device: Device,
    /// What tells it from all others, such as `hw:CARD=0,DEV=0`.
    id: String,
    /// What people call it.
    name: String,
}

impl Named {
    fn of(device: Device) -> Self {
        let name = printable(device.to_string().trim());
        let id = device.id().map_or_else(|_| name.clone(), |id| printable(id.id()));
        Self { device, id, name }
    }

    fn answers_to(&self, name: &str) -> bool {
        self.id == name || self.name == name
    }

    /// Whether a part of its names is meant, in whatever case.
    fn resembles(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        [&self.id, &self.name].iter().any(|name| name.to_lowercase().contains(&part))
    }
}

fn all() -> Result<Vec<Named>, Failure> {
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

/// The devices that can be heard, a line each.
pub(crate) fn devices() -> Result<String, Failure> {
    let devices = all()?;
    if devices.is_empty() {
        return Err(Failure::Failed("there is no microphone".to_owned()));
    }
    let default = cpal::default_host().default_input_device().map(|device| Named::of(device).id);
    Ok(table(&devices, default.as_deref()))
}

/// The device of this name, or whose names alone have it as a part; the system's choice without one.
fn choose(name: Option<&str>) -> Result<Named, Failure> {
    let Some(name) = name else {
        let device = cpal::default_host().default_input_device().ok_or_else(|| {
            let message = "there is no microphone; `clstm listen --list-devices` shows what there is, and \
                           `--input -` hears a pipe";
            Failure::Failed(message.to_owned())
        })?;
        return Ok(Named::of(device));
    };
    let mut devices = all()?;
    if let Some(exact) = devices.iter().position(|device| device.answers_to(name)) {
        return Ok(devices.swap_remove(exact));
    }
    devices.retain(|device| device.resembles(name));
    match devices.len() {
        1 => Ok(devices.remove(0)),
        0 => Err(Failure::Usage(format!(
            "there is no microphone {name:?}; `clstm listen --list-devices` shows what there is"
        ))),
        _ => Err(Failure::Usage(format!(
            "{name:?} may be any of these microphones:\n{}",
            table(&devices, None).trim_end()
        ))),
    }
}

/// Opens a microphone and begins to hear it.
pub(in super::super) fn open(name: Option<&str>) -> Result<Sound, Failure> {
    let Named { device, name, .. } = choose(name)?;
    let refused = |error: cpal::Error| failed(&format!("cannot hear {name}"), &error);
    let supported = device.default_input_config().map_err(refused)?;
    let (format, config) = (supported.sample_format(), supported.config());
    let news = Arc::new(News::default());
    let rate = config.sample_rate;
    let (capture, ring) = Capture::new(usize::from(config.channels), rate, Arc::clone(&news));
    let stream = stream(&device, format, config, capture, &news).map_err(refused)?;
    stream.play().map_err(refused)?;
    let pump = Pump::new(ring, rate, name.clone(), news);
    Ok(Sound {
        name,
        rate: Some(rate),
        live: true,
        run: Box::new(move |feed| pump.run(feed)),
        _held: Some(Box::new(stream)),
    })
}

/// Whatever a device gives becomes `f32`.
fn stream(
    device: &Device,
    format: SampleFormat,
    config: StreamConfig,
    capture: Capture,
    news: &Arc<News>,
) -> Result<Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => typed::<i8>(device, config, capture, news),
        SampleFormat::I16 => typed::<i16>(device, config, capture, news),
        SampleFormat::I24 => typed::<I24>(device, config, capture, news),
        SampleFormat::I32 => typed::<i32>(device, config, capture, news),
        SampleFormat::U8 => typed::<u8>(device, config, capture, news),
        SampleFormat::U16 => typed::<u16>(device, config, capture, news),
        SampleFormat::U32 => typed::<u32>(device, config, capture, news),
        SampleFormat::F32 => typed::<f32>(device, config, capture, news),
        SampleFormat::F64 => typed::<f64>(device, config, capture, news),
        other => {
            let message = format!("its samples are {other}, which cannot be heard");
            Err(cpal::Error::with_message(ErrorKind::UnsupportedConfig, message))
        }
    }
}

fn typed<T>(
    device: &Device,
    config: StreamConfig,
    mut capture: Capture,
    news: &Arc<News>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let news = Arc::clone(news);
    device.build_input_stream::<T, _, _>(
        config,
        move |samples, _| capture.take(samples, f32::from_sample_),
        move |error| match error.kind() {
            // The system had no room for some sound, how much it does not say.
            ErrorKind::Xrun => news.overrun(),
            // The sound goes on.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            _ => news.end(error.to_string()),
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
