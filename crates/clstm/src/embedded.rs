//! The shipped model inside the binary.

/// Bytes of the shipped model file `ravdess-clstm-plus.safetensors`, for [`Model::from_bytes`].
///
/// [`Model::from_bytes`]: crate::Model::from_bytes
#[must_use]
pub fn embedded() -> &'static [u8] {
    include_bytes!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/ravdess-clstm-plus.safetensors"
    ))
}
