//! The model file: [safetensors](https://github.com/huggingface/safetensors) with the model's
//! description, as JSON, in the header's metadata.
//!
//! ```text
//! 8 bytes   length of the header, little endian
//! header    {"__metadata__": {"clstm": "{...ModelInfo...}", "format": "clstm-model-1",
//!                             "sha256": "..."},
//!            "head.class_bias": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}, ...}
//! data      the tensors, back to back in the order of the network's fields
//! ```
//!
//! `sha256` is over the description, then each tensor's name, type and shape, then the data: a
//! flipped bit in a weight gives another number that nothing else would notice. A file without it
//! is read unchecked.
//!
//! Written here rather than by the safetensors crate, whose metadata come in the order of a hash
//! map: the same model must give the same bytes.

use std::collections::BTreeMap;

use clstm_nn::NamedTensor;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use sha2::{Digest, Sha256};

use crate::{ModelError, ModelInfo, ModelLimits};

/// Key of the metadata in a safetensors header.
pub(crate) const METADATA: &str = "__metadata__";
/// Key of the format's name and version.
const FORMAT_KEY: &str = "format";
/// The one format there is.
const FORMAT: &str = "clstm-model-1";
/// Key of the model's description.
const INFO_KEY: &str = "clstm";
/// Key of the checksum.
const CHECKSUM_KEY: &str = "sha256";
/// Bytes of the header's length; also what the data are aligned to.
const PREFIX: usize = 8;

/// What a file holds.
pub(crate) struct Decoded {
    pub(crate) info: ModelInfo,
    /// In the file's order.
    pub(crate) tensors: Vec<NamedTensor>,
    /// The file's checksum, which is that of its contents; a file need not have one.
    pub(crate) checksum: Option<String>,
}

/// The file's contents; the description is not validated yet.
pub(crate) fn decode(bytes: &[u8], limits: &ModelLimits) -> Result<Decoded, ModelError> {
    if bytes.len() as u64 > limits.max_bytes {
        return Err(ModelError::TooLarge { limit: limits.max_bytes });
    }
    let (header, data) = split(bytes, limits)?;
    let header: Metadata = serde_json::from_slice(header)
        .map_err(|error| ModelError::Damaged { reason: format!("header: {error}") })?;
    let names = header.offset_keys();
    if names.len() > limits.max_tensors {
        let (count, limit) = (names.len(), limits.max_tensors);
        return Err(ModelError::TooManyTensors { count, limit });
    }
    let entry = |key| header.metadata().as_ref().and_then(|metadata| metadata.get(key));
    let format = entry(FORMAT_KEY).ok_or(ModelError::NotAModel { key: FORMAT_KEY })?;
    if format != FORMAT {
        return Err(ModelError::UnknownFormat { found: format.clone(), known: FORMAT });
    }
    let info = entry(INFO_KEY).ok_or(ModelError::NotAModel { key: INFO_KEY })?;
    match header.data_len().checked_sub(data.len()) {
        Some(0) => {}
        Some(missing) => {
            let found = bytes.len() as u64;
            return Err(ModelError::Truncated { expected: found + missing as u64, found });
        }
        None => {
            let surplus = data.len() - header.data_len();
            let reason = format!("{surplus} bytes after the last tensor");
            return Err(ModelError::Damaged { reason });
        }
    }
    let mut checksum = Checksum::new(info);
    let mut tensors = Vec::with_capacity(names.len());
    for name in names {
        let Some(info) = header.info(&name) else { continue }; // the names are the header's own
        checksum.tensor(&name, info.dtype, &info.shape);
        tensors.push(tensor(name, info, data)?);
    }
    let wanted = entry(CHECKSUM_KEY);
    if wanted.is_some_and(|wanted| *wanted != checksum.finish(data)) {
        let reason = "its checksum does not match; or another program changed it and kept the \
                      old `sha256`"
            .to_owned();
        return Err(ModelError::Damaged { reason });
    }
    let info = serde_json::from_str(info)
        .map_err(|error| ModelError::Description { reason: error.to_string() })?;
    Ok(Decoded { info, tensors, checksum: wanted.cloned() })
}

/// Checksum of the description and the tensors.
struct Checksum(Sha256);

impl Checksum {
    fn new(info: &str) -> Self {
        Self(Sha256::new_with_prefix(info))
    }

    fn tensor(&mut self, name: &str, dtype: Dtype, shape: &[usize]) {
        self.0.update(format!("\n{name} {dtype} {shape:?}"));
    }

    fn finish(self, data: &[u8]) -> String {
        hexadecimal(&self.0.chain_update(data).finalize())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header and what follows it.
fn split<'a>(bytes: &'a [u8], limits: &ModelLimits) -> Result<(&'a [u8], &'a [u8]), ModelError> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        let reason = format!("it has only {} bytes", bytes.len());
        return Err(ModelError::NotSafetensors { reason });
    };
    let length = u64::from_le_bytes(*prefix);
    if rest.first().is_some_and(|&byte| byte != b'{') {
        let reason = "its header is no JSON object".to_owned();
        return Err(ModelError::NotSafetensors { reason });
    }
    if length > limits.max_header {
        return Err(ModelError::HeaderTooLarge { bytes: length, limit: limits.max_header });
    }
    match usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)) {
        Some(parts) => Ok(parts),
        None => {
            let (expected, found) = ((PREFIX as u64).saturating_add(length), bytes.len() as u64);
            Err(ModelError::Truncated { expected, found })
        }
    }
}

fn tensor(name: String, info: &TensorInfo, data: &[u8]) -> Result<NamedTensor, ModelError> {
    let (start, end) = info.data_offsets;
    let Some(bytes) = data.get(start..end) else {
        let reason = format!("tensor {name:?} is outside the file");
        return Err(ModelError::Damaged { reason });
    };
    let values = match info.dtype {
        Dtype::F32 => words(bytes, f32::from_le_bytes),
        Dtype::F16 => words(bytes, |word| f16::from_le_bytes(word).to_f32()),
        Dtype::BF16 => words(bytes, |word| bf16::from_le_bytes(word).to_f32()),
        other => return Err(ModelError::DataType { name, dtype: other.to_string() }),
    };
    Ok(NamedTensor { name, shape: info.shape.clone(), values })
}

fn words<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&word| value(word)).collect()
}

/// The bytes of the file.
pub(crate) fn encode(info: &ModelInfo, tensors: &[NamedTensor]) -> Result<Vec<u8>, ModelError> {
    let info = description(info)?;
    let mut data = Vec::with_capacity(tensors.iter().map(|t| size_of_val(&*t.values)).sum());
    let mut checksum = Checksum::new(&info);
    for NamedTensor { name, shape, values, .. } in tensors {
        checksum.tensor(name, Dtype::F32, shape);
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    let head = head(&info, &checksum.finish(&data), tensors)?;
    Ok([head, data].concat())
}

/// Whether [`encode`] gives these bytes, whose checksum is known to be that of their contents: to
/// compare takes a small part of the time that another checksum takes.
pub(crate) fn encodes_to(
    bytes: &[u8],
    checksum: &str,
    info: &ModelInfo,
    tensors: &[NamedTensor],
) -> Result<bool, ModelError> {
    let head = head(&description(info)?, checksum, tensors)?;
    let Some(mut rest) = bytes.strip_prefix(&*head) else { return Ok(false) };
    for NamedTensor { values, .. } in tensors {
        let Some((data, after)) = rest.split_at_checked(size_of_val(&**values)) else {
            return Ok(false);
        };
        let words = data.as_chunks::<{ size_of::<f32>() }>().0;
        if !words.iter().zip(values).all(|(word, value)| *word == value.to_le_bytes()) {
            return Ok(false);
        }
        rest = after;
    }
    Ok(rest.is_empty())
}

fn description(info: &ModelInfo) -> Result<String, ModelError> {
    serde_json::to_string(info).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> ModelError {
    ModelError::Description { reason: error.to_string() }
}

/// What comes before the data.
fn head(info: &str, checksum: &str, tensors: &[NamedTensor]) -> Result<Vec<u8>, ModelError> {
    let mut header = serde_json::to_vec(&Header { info, checksum, tensors }).map_err(not_json)?;
    header.resize(header.len().next_multiple_of(PREFIX), b' ');
    let length = (header.len() as u64).to_le_bytes();
    Ok([&length, &*header].concat())
}

/// The header in the order of its entries.
struct Header<'a> {
    info: &'a str,
    checksum: &'a str,
    tensors: &'a [NamedTensor],
}

#[derive(Serialize)]
struct Entry<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    data_offsets: (usize, usize),
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut header = serializer.serialize_map(Some(1 + self.tensors.len()))?;
        let metadata = BTreeMap::from([
            (INFO_KEY, self.info),
            (FORMAT_KEY, FORMAT),
            (CHECKSUM_KEY, self.checksum),
        ]);
        header.serialize_entry(METADATA, &metadata)?;
        let mut start = 0;
        for NamedTensor { name, shape, values, .. } in self.tensors {
            let end = start + values.len() * size_of::<f32>();
            let entry = Entry { dtype: Dtype::F32, shape, data_offsets: (start, end) };
            header.serialize_entry(name, &entry)?;
            start = end;
        }
        header.end()
    }
}
