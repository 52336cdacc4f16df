//! Models out to files and back.

use std::path::Path;

use clstm::{Model, ModelError, ModelLimits, Recognizer};
use clstm_nn::{NamedTensor, NetworkError, Preset, parameters};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};

use crate::support::{info, model, network, tiny, tiny_pair};

fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn assert_same(a: &Model, b: &Model) {
    assert_eq!(a.info, b.info);
    assert_eq!(a.tensors, b.tensors); // the kinds, which the file does not hold, included
}

#[test]
fn a_model_survives_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.safetensors");
    let model = tiny();
    model.write(&path).expect("written");
    let read = Model::read(&path).expect("read");
    assert_same(&model, &read);
    let file = std::fs::read(&path).expect("the file");
    assert_eq!(read.digest(), hexadecimal(&file));
    assert_eq!(read.digest(), model.digest());
    assert_eq!(read.to_bytes().expect("bytes"), file);
    let loaded = parameters(&network(&read));
    assert_eq!(loaded, model.tensors);
    let values: usize = loaded.iter().map(|tensor| tensor.values.len()).sum();
    assert_eq!(read.parameters_count(), values);
}

#[test]
fn every_preset_survives_the_file() {
    for preset in Preset::ALL {
        let model = model(preset.network(8));
        let read = Model::from_bytes(&model.to_bytes().expect("bytes")).expect("read");
        assert_same(&model, &read);
        Recognizer::new(read).expect("the network");
    }
}

#[test]
fn branches_survive_the_file() {
    let model = tiny_pair();
    assert!(model.tensors.iter().any(|tensor| tensor.name == "branches.0.head.class_weight"));
    let read = Model::from_bytes(&model.to_bytes().expect("bytes")).expect("read");
    assert_same(&model, &read);
    let loaded = parameters(&network(&read));
    assert_eq!(loaded, model.tensors);
}

#[test]
fn a_network_without_branches_writes_none() {
    // Readers from before there were any refuse what they do not know.
    let network = serde_json::to_value(&tiny().info.network).expect("JSON");
    assert_eq!(network.get("branches"), None);
}

#[test]
fn writing_replaces_the_file_and_leaves_nothing_beside() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    std::fs::write(&path, "an older one").expect("written");
    let mut model = tiny();
    model.write(&path).expect("written");
    model.info.name = "second".to_owned();
    model.write(&path).expect("written again");
    assert_eq!(Model::read(&path).expect("read").info.name, "second");
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);

    // A failure leaves the old file, and nothing beside it either.
    model.info.labels.pop();
    model.write(&path).expect_err("too few labels");
    assert_eq!(Model::read(&path).expect("read").info.name, "second");
    let folder_in_the_way = folder.path().join("taken");
    std::fs::create_dir(&folder_in_the_way).expect("a folder");
    let error = tiny().write(&folder_in_the_way).expect_err("a folder is there");
    assert!(matches!(&error, ModelError::Io { action: "write", .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 2);
}

#[test]
fn other_programs_read_the_file() {
    let model = tiny();
    let bytes = model.to_bytes().expect("bytes");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
    assert_eq!(length % 8, 0, "the data are aligned");
    let file = SafeTensors::deserialize(&bytes).expect("the format's own reader takes it");
    assert_eq!(file.len(), model.tensors.len());
    for tensor in &model.tensors {
        let view = file.tensor(&tensor.name).expect("the tensor");
        assert_eq!((view.dtype(), view.shape()), (Dtype::F32, &*tensor.shape));
        let values = view.data().chunks(4).map(|w| f32::from_le_bytes(w.try_into().expect("4")));
        assert!(values.eq(tensor.values.iter().copied()));
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
    assert_eq!(header.metadata().as_ref().expect("metadata")["format"], "clstm-model-1");
}

/// The file as another program may write it: other types, the names in another order, no checksum.
fn rewritten(model: &Model, dtype: Dtype, word: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        model.tensors.iter().map(|t| t.values.iter().flat_map(|&v| word(v)).collect()).collect();
    let views = model.tensors.iter().zip(&data).map(|(tensor, data)| {
        let view = TensorView::new(dtype, tensor.shape.clone(), data).expect("a view");
        (tensor.name.clone(), view)
    });
    let info = serde_json::to_string(&model.info).expect("JSON");
    let metadata = [("format".to_owned(), "clstm-model-1".to_owned()), ("clstm".to_owned(), info)];
    safetensors::serialize(views, Some(metadata.into())).expect("a file")
}

fn sorted(mut tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    tensors
}

#[test]
fn files_of_other_programs_and_half_precision_are_read() {
    let model = tiny();
    let full = rewritten(&model, Dtype::F32, |v| v.to_le_bytes().to_vec());
    let read = Model::from_bytes(&full).expect("read");
    assert_eq!(sorted(read.tensors.clone()), sorted(model.tensors.clone()));
    Recognizer::new(read).expect("the network");

    type Word = fn(f32) -> Vec<u8>;
    let half: [(Dtype, Word, f32); 2] = [
        (Dtype::F16, |v| half::f16::from_f32(v).to_le_bytes().to_vec(), 1.0 / 2048.0),
        (Dtype::BF16, |v| half::bf16::from_f32(v).to_le_bytes().to_vec(), 1.0 / 256.0),
    ];
    for (dtype, word, precision) in half {
        let read = Model::from_bytes(&rewritten(&model, dtype, word)).expect("read");
        for (a, b) in sorted(read.tensors).iter().zip(sorted(model.tensors.clone())) {
            assert_eq!((&a.name, &a.shape), (&b.name, &b.shape));
            for (a, b) in a.values.iter().zip(b.values) {
                // Below the smallest normal F16 the step is 2^-24.
                assert!((a - b).abs() <= precision * b.abs() + 6e-8, "{dtype}: {a} for {b}");
            }
        }
    }
}

#[test]
fn the_digest_is_that_of_the_file_until_the_model_changes() {
    let bytes = rewritten(&tiny(), Dtype::F32, |v| v.to_le_bytes().to_vec());
    let mut read = Model::from_bytes(&bytes).expect("read");
    assert_eq!(read.digest(), hexadecimal(&bytes));
    read.info.scaling.temperature = 1.5;
    assert_eq!(read.digest(), hexadecimal(&read.to_bytes().expect("bytes")));
    assert_ne!(read.digest(), hexadecimal(&bytes));
}

#[test]
fn limits_hold() {
    let bytes = tiny().to_bytes().expect("bytes");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    std::fs::write(&path, &bytes).expect("written");
    let all = ModelLimits::default();

    let small = ModelLimits { max_bytes: bytes.len() as u64 - 1, ..all.clone() };
    let error = Model::read_within(&path, &small).expect_err("too large");
    assert!(matches!(error, ModelError::TooLarge { .. }), "{error}");
    let error = Model::from_bytes_within(&bytes, &small).expect_err("too large");
    assert!(matches!(error, ModelError::TooLarge { .. }), "{error}");
    let just = ModelLimits { max_bytes: bytes.len() as u64, ..all.clone() };
    Model::read_within(&path, &just).expect("just fits");

    let error = Model::from_bytes_within(&bytes, &ModelLimits { max_header: 100, ..all.clone() })
        .expect_err("a long header");
    assert!(matches!(error, ModelError::HeaderTooLarge { limit: 100, .. }), "{error}");
    let error = Model::from_bytes_within(&bytes, &ModelLimits { max_tensors: 3, ..all })
        .expect_err("many tensors");
    assert!(matches!(error, ModelError::TooManyTensors { limit: 3, .. }), "{error}");
}

#[test]
fn missing_files_are_reported() {
    let error = Model::read(Path::new("no/such/model.safetensors")).expect_err("no file");
    assert_eq!(error.kind(), "io");
    assert!(error.to_string().contains("no/such/model.safetensors"), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Model::read(folder.path()).expect_err("a folder").kind(), "io");
}

#[test]
fn weights_of_another_network_are_refused() {
    let mut model = tiny();
    model.tensors[0].name.push('x');
    let error = Recognizer::new(model.clone()).expect_err("another name");
    assert!(matches!(error, ModelError::Network(NetworkError::MissingTensor { .. })), "{error}");

    let mut model = tiny();
    model.tensors[1].shape.reverse();
    let error = Recognizer::new(model.clone()).expect_err("another shape");
    assert!(matches!(error, ModelError::Network(NetworkError::TensorShape { .. })), "{error}");

    let mut model = tiny();
    let extra = NamedTensor { name: "extra".to_owned(), ..model.tensors[0].clone() };
    model.tensors.push(extra);
    let error = Recognizer::new(model.clone()).expect_err("one more");
    assert!(matches!(error, ModelError::Network(NetworkError::UnknownTensor { .. })), "{error}");
}

#[test]
fn a_model_that_could_not_be_read_is_not_made() {
    let model = tiny();
    let refused = |change: &dyn Fn(&mut Vec<NamedTensor>), what: &str| {
        let mut tensors = model.tensors.clone();
        change(&mut tensors);
        let error = Model::new(info(model.info.network.clone()), tensors).expect_err(what);
        assert!(error.to_string().contains(what), "{error}");
    };
    refused(&|t| t[0].values[1] = f32::NAN, "not finite at index 1");
    refused(&|t| t[2].values[0] = f32::INFINITY, "not finite at index 0");
    refused(&|t| t[1].values.truncate(1), "1 values for the shape");
    refused(&|t| t[1].name = t[0].name.clone(), "unique");
    refused(&|t| t[1].name = "__metadata__".to_owned(), "reserved");
    refused(&|t| t[1].shape = vec![usize::MAX, 2], "values for the shape");
}
