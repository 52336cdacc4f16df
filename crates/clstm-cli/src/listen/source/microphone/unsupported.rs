//! A build without microphones explains the alternatives.

use super::super::Sound;
use crate::error::CliError;

/// How to build with the feature, and how to pipe audio in without it.
const MESSAGE: &str = "\
this build cannot open a microphone: it lacks the feature `microphone`
Build it with the feature (on Linux this needs ALSA's headers: libasound2-dev on Debian, alsa-lib-devel on Fedora):
  cargo build --release --features microphone
or pipe the audio in:
  Linux    arecord -q -t raw -f S16_LE -r 16000 -c 1 | clstm listen --input -
  macOS    ffmpeg -loglevel error -f avfoundation -i :0 -f s16le -ar 16000 -ac 1 - | clstm listen --input -
  Windows  ffmpeg -loglevel error -f dshow -i audio=\"NAME\" -f s16le -ar 16000 -ac 1 - | clstm listen --input -
           (in cmd; `ffmpeg -list_devices true -f dshow -i dummy` names the devices)
  SoX      sox -q -d -t raw -e signed -b 16 -r 16000 -c 1 - | clstm listen --input -";

/// Fails: there is no microphone.
pub(in super::super) fn open(_device: Option<&str>, _apart: bool) -> Result<Sound, CliError> {
    Err(CliError::Usage(MESSAGE.to_owned()))
}

/// Fails: there is no microphone.
pub(crate) fn devices() -> Result<String, CliError> {
    Err(CliError::Usage(MESSAGE.to_owned()))
}
