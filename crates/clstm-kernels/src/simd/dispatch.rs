//! Compiling work for the vectors of the processor.

use pulp::{Arch, Simd, WithSimd};

/// Runs `body`, compiled for the widest vectors of this processor.
///
/// Functions that `body` calls are compiled for them only if they are inlined: keep loops inside it.
#[inline(always)]
pub fn vectorized<F: FnOnce()>(body: F) {
    struct Task<F>(F);
    impl<F: FnOnce()> WithSimd for Task<F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            (self.0)();
        }
    }
    Arch::new().dispatch(Task(body));
}

/// How `a * b + c` is computed: by one fused instruction where the processor has it, otherwise by two
/// (without such an instruction, `f32::mul_add` calls a function for each element).
pub trait Arithmetic {
    /// `a * b + c`
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
}

/// One instruction, one rounding.
#[derive(Clone, Copy, Debug)]
pub struct WithFma;

/// Two instructions, two roundings.
#[derive(Clone, Copy, Debug)]
pub struct WithoutFma;

impl Arithmetic for WithFma {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Arithmetic for WithoutFma {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// Work that is compiled with and without fused multiply-add.
pub trait WithArithmetic {
    /// Does the work. Implementations are `#[inline(always)]`, into code for the processor's vectors.
    fn run<A: Arithmetic>(self);
}

/// Runs `work` like [`vectorized`], with fused multiply-add where the processor has it.
#[inline(always)]
pub fn vectorized_with<W: WithArithmetic>(work: W) {
    struct Task<W>(W);
    impl<W: WithArithmetic> WithSimd for Task<W> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            // On these two architectures every vector set that `pulp` selects here has FMA.
            let fused = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
            if fused && !S::IS_SCALAR {
                self.0.run::<WithFma>();
            } else {
                self.0.run::<WithoutFma>();
            }
        }
    }
    Arch::new().dispatch(Task(work));
}
