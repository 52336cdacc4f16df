//! How rows and columns are divided into tiles.

use super::instruction_set::MicroKernels;

/// Divides columns into panels as wide as the widest tile: `(first column, columns, vectors)` of each.
pub(super) fn panels(
    kernels: &MicroKernels,
    columns: usize,
) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (lanes, widest) = (kernels.lanes, kernels.vectors * kernels.lanes);
    (0..columns).step_by(widest).map(move |first| {
        let width = widest.min(columns - first);
        (first, width, width.div_ceil(lanes))
    })
}

/// Divides `count` items into the fewest runs of at most `max`, of nearly equal length:
/// `(first, length)` of each.
pub(super) fn even_runs(count: usize, max: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let runs = count.div_ceil(max);
    (0..runs).map(move |i| {
        let (first, end) = (i * count / runs, (i + 1) * count / runs);
        (first, end - first)
    })
}
