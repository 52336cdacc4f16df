//! Files in the form of safetensors.

use serde_json::Value;

/// The file without its checksum, which would refuse most of what a fuzzer changes; `None` if its header cannot be
/// read or has none.
pub(crate) fn without_checksum(data: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = data.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, tensors) = rest.split_at_checked(length)?;
    let mut header: Value = serde_json::from_slice(header).ok()?;
    header.get_mut("__metadata__")?.as_object_mut()?.remove("sha256")?;
    let header = header.to_string().into_bytes();
    Some([&(header.len() as u64).to_le_bytes(), &header[..], tensors].concat())
}
