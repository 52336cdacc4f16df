//! ZIP archives made byte by byte, so that they can be wrong in every way.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A file in an archive.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    /// Unix mode, 0 for none.
    pub(crate) mode: u32,
    pub(crate) flags: u16,
    /// The unpacked size that the directory declares, where it is false.
    pub(crate) declared_size: Option<u32>,
    pub(crate) deflate: bool,
    pub(crate) method: Option<u16>,
}

/// A file of this name and content.
pub(crate) fn file(name: &str, data: &[u8]) -> File {
    File {
        name: name.as_bytes().to_vec(),
        data: data.to_vec(),
        mode: 0o100_644,
        flags: 0,
        declared_size: None,
        deflate: true,
        method: None,
    }
}

/// The archive of these files.
pub(crate) fn zip(files: &[File]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let packed = match file.deflate {
            true => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&file.data).unwrap();
                encoder.finish().unwrap()
            }
            false => file.data.clone(),
        };
        let mut crc = flate2::Crc::new();
        crc.update(&file.data);
        let method = file.method.unwrap_or(if file.deflate { 8 } else { 0 });
        let size = file.declared_size.unwrap_or(file.data.len() as u32);
        let offset = bytes.len() as u32;
        let mut common = Vec::new();
        for half in [20, file.flags, method, 0, 0x21] {
            common.extend_from_slice(&half.to_le_bytes());
        }
        for word in [crc.sum(), packed.len() as u32, size] {
            common.extend_from_slice(&word.to_le_bytes());
        }
        common.extend_from_slice(&(file.name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(&file.name);
        bytes.extend_from_slice(&packed);
        // Made by Unix (3), version 2.0.
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(file.mode << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&file.name);
    }
    let start = bytes.len() as u32;
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        bytes.extend_from_slice(&(files.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes
}

/// A small corpus in the layout of RAVDESS's songs.
pub(crate) fn songs() -> Vec<File> {
    let names = ["Actor_01/03-02-01-01-01-01-01.wav", "Actor_02/03-02-01-01-01-01-02.wav"];
    names
        .iter()
        .enumerate()
        .map(|(i, name)| file(name, &crate::fixture::noise(30_000 + i)))
        .collect()
}
