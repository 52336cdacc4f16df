//! The microphone: a device of the system, its callback, and the thread that listens to it.
//!
//! Devices are behind the feature `microphone`; the way from the callback to the feed is tested without one.

#[cfg(any(feature = "microphone", test))]
mod bridge;
#[cfg(any(feature = "microphone", test))]
mod callback;
#[cfg(feature = "microphone")]
mod device;
#[cfg(not(feature = "microphone"))]
mod unsupported;

#[cfg(feature = "microphone")]
pub(crate) use device::devices;
#[cfg(feature = "microphone")]
pub(super) use device::open;
#[cfg(not(feature = "microphone"))]
pub(crate) use unsupported::devices;
#[cfg(not(feature = "microphone"))]
pub(super) use unsupported::open;
