//! The shipped model inside the binary.

/// Bytes of the shipped model file `ravdess-clstm.safetensors`, for [`Model::from_bytes`].
///
/// [`Model::from_bytes`]: crate::Model::from_bytes
#[must_use]
pub fn embedded() -> &'static [u8] {
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/ravdess-clstm.safetensors"))
}
