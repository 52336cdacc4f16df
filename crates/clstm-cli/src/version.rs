//! `clstm --version`: what was built, and what it runs on.

use clstm::InstructionSet;

use crate::resolve::model;

/// The commit that was built, where it is known.
pub(crate) fn commit() -> Option<String> {
    let commit = env!("CLSTM_BUILD_COMMIT");
    (!commit.is_empty()).then(|| commit.to_owned())
}

/// The version with the commit, the built-in model, its licence and the instruction set, one line each.
pub(crate) fn long() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let commit = commit().map_or(String::new(), |commit| format!(" (commit {commit})"));
    let built_in = match model::built_in() {
        Some(Ok(model)) => {
            format!("{}, sha256 {}", model.info.name, &model.digest()[..16])
                + &others(model::built_in_names())
        }
        Some(Err(error)) => format!("unusable, {error:?}"),
        None => "none".to_owned(),
    };
    let features: Vec<&str> = [
        (cfg!(feature = "embedded"), "embedded"),
        (cfg!(feature = "microphone"), "microphone"),
        (cfg!(feature = "cuda"), "cuda (experimental)"),
    ]
    .into_iter()
    .filter_map(|(on, name)| on.then_some(name))
    .collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "{version}{commit}\nbuilt-in model   {built_in}\nfeatures         {features}\nplatform         {os} \
         {arch}\ninstruction set  {}",
        InstructionSet::best()
    )
}

/// The built-in models besides the default one, the first.
fn others(names: Vec<&str>) -> String {
    match names.get(1..) {
        None | Some([]) => String::new(),
        Some(others) => format!("; also {}", others.join(", ")),
    }
}
