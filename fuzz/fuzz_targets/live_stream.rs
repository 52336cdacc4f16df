#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| clstm_fuzz_targets::run("live_stream", data));
