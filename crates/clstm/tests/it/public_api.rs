//! What the public API consists of.

use std::path::Path;

/// Types and modules of the tensor library.
const TENSOR_LIBRARY: [&str; 5] = ["burn", "Tensor<", "TensorData", "Device)", "Device,"];

/// The lines of the source that declare something public, without comments and tests.
fn public_lines(folder: &Path, lines: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            public_lines(&path, lines);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source file");
        let mut inside = false;
        for line in source.lines().map(str::trim).take_while(|line| *line != "mod tests {") {
            let public = line.starts_with("pub ") || line.starts_with("pub use");
            inside = public || inside;
            if inside && !line.starts_with("//") {
                lines.push(format!("{}: {line}", path.display()));
            }
            // A declaration ends with its body or its semicolon; fields end with a comma.
            inside = inside && !line.ends_with(['{', ';', '}']) && !(public && line.ends_with(','));
        }
    }
}

#[test]
fn the_tensor_library_is_not_in_it() {
    let mut lines = Vec::new();
    public_lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
    assert!(lines.len() > 150, "{} public lines", lines.len());
    for line in &lines {
        // `ComputeDevice` and `NamedTensor` are types of `clstm-nn` without it.
        let names = line.replace("ComputeDevice", "").replace("NamedTensor", "");
        let found = TENSOR_LIBRARY.iter().find(|name| names.contains(**name));
        assert_eq!(found, None, "{line}");
        assert!(!line.contains("doc(hidden)"), "{line}");
    }
}
