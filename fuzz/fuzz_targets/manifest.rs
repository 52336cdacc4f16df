#![no_main]

libfuzzer_sys::fuzz_target!(
    init: clstm_fuzz_targets::allow_panics_of_decoders(),
    |data: &[u8]| clstm_fuzz_targets::run("manifest", data)
);
