//! The microphone: a device of the system, its callback, and the thread that listens to it.
//!
//! Devices are behind the feature `microphone`; the way from the callback to the feed is tested without one.

#[cfg(not(feature = "microphone"))]
mod absent;
#[cfg(any(feature = "microphone", test))]
mod capture;
#[cfg(feature = "microphone")]
mod device;
#[cfg(any(feature = "microphone", test))]
mod pump;

#[cfg(not(feature = "microphone"))]
pub(crate) use absent::devices;
#[cfg(not(feature = "microphone"))]
pub(super) use absent::open;
#[cfg(feature = "microphone")]
pub(crate) use device::devices;
#[cfg(feature = "microphone")]
pub(super) use device::open;
