//! Prints the instruction set that the layers' kernels pick on this processor.
#![allow(clippy::print_stdout, reason = "the output of this program")]

use pulp::Arch;

fn main() {
    let name = match Arch::new() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => "AVX2 and FMA",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "NEON",
        _ => "the target's own (SSE2 on x86-64)",
    };
    println!("{name}");
}
