//! Prefetch instructions.

/// Prefetches the cache line at `at` for reading. The line may never be used, and any address is
/// allowed.
#[inline(always)]
pub(crate) fn prefetch_read<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

/// Prefetches the cache line at `at` for writing, like [`prefetch_read`].
#[inline(always)]
pub(crate) fn prefetch_write<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }>(at.cast());
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn prefetch<const HINT: i32>(at: *const i8) {
    // SAFETY: SSE is part of the architecture. A prefetch is a hint that is valid for any address: it neither
    // faults nor changes memory, and processors without the one for writing (PREFETCHW) ignore it.
    unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(at) }
}
