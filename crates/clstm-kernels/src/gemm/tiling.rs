//! How rows and columns are cut into tiles.

use super::instruction_set::MicroKernels;

/// Where a run of columns is cut into panels: `(first column, columns, vectors)` of each.
pub(super) fn panels(
    tiles: &MicroKernels,
    columns: usize,
) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (lanes, widest) = (tiles.lanes, tiles.vectors * tiles.lanes);
    (0..columns).step_by(widest).map(move |first| {
        let width = widest.min(columns - first);
        (first, width, width.div_ceil(lanes))
    })
}

/// `count` things in as few runs of at most `most` as there can be, of nearly equal length:
/// `(first, length)` of each.
pub(super) fn runs(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let runs = count.div_ceil(most);
    (0..runs).map(move |i| {
        let (first, end) = (i * count / runs, (i + 1) * count / runs);
        (first, end - first)
    })
}
