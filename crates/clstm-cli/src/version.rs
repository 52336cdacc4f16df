//! `clstm --version`: what was built, and what it runs on.

use crate::resolve::model;

/// The version with the commit, the built-in model, its licence and the instruction set, one line each.
pub(crate) fn long() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let commit = match env!("CLSTM_BUILD_COMMIT") {
        "" => String::new(),
        commit => format!(" (commit {commit})"),
    };
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
        instruction_set()
    )
}

/// The built-in models besides the default one, the first.
fn others(names: Vec<&str>) -> String {
    match names.get(1..) {
        None | Some([]) => String::new(),
        Some(others) => format!("; also {}", others.join(", ")),
    }
}

/// The instruction set that the kernels use on this machine.
fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return match is_x86_feature_detected!("avx512bf16") {
                true => "AVX-512 with BF16",
                false => "AVX-512",
            };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2 with FMA";
        }
        if is_x86_feature_detected!("sse4.2") {
            return "SSE 4.2";
        }
    }
    if cfg!(target_arch = "aarch64") { "NEON" } else { "scalar" }
}
