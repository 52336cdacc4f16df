//! Boxes of ISO base media (ISO/IEC 14496-12, section 4.2).

use crate::decode::scan::{Failure, Scanner, be};

/// The header of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxHeader {
    pub(super) kind: [u8; 4],
    /// First byte of the header.
    pub(super) at: u64,
    /// First byte behind the header.
    pub(super) body: u64,
    /// First byte behind the box; it may lie behind the end of a file that was cut short.
    pub(super) end: u64,
}

impl BoxHeader {
    /// The same without the first `n` bytes of its body.
    pub(super) fn skip(self, n: u64) -> Self {
        Self { body: (self.body + n).min(self.end), ..self }
    }

    /// Bytes of the body.
    pub(super) fn len(&self) -> u64 {
        self.end - self.body
    }
}

/// The box at `at`, which ends before `limit`; `None` if there is none.
pub(super) fn next_box(
    scan: &mut Scanner<'_>,
    at: u64,
    limit: u64,
) -> Result<Option<BoxHeader>, Failure> {
    if at >= limit {
        return Ok(None);
    }
    let Some(header) = scan.array::<8>(at)? else { return Ok(None) };
    let kind = [header[4], header[5], header[6], header[7]];
    let (body, len) = match be(&header[..4]) {
        // To the end of the file.
        0 => (at + 8, scan.len().max(at + 8) - at),
        1 => match scan.array::<8>(at + 8)? {
            Some(len) => (at + 16, be(&len)),
            None => return Ok(None),
        },
        len => (at + 8, len),
    };
    let end = at.saturating_add(len).min(limit);
    Ok((end >= body && len >= 8).then_some(BoxHeader { kind, at, body, end }))
}

/// Calls `take` with the boxes inside of one, in their order.
pub(super) fn for_each(
    scan: &mut Scanner<'_>,
    parent: &BoxHeader,
    mut take: impl FnMut(&mut Scanner<'_>, &BoxHeader) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut at = parent.body;
    while let Some(found) = next_box(scan, at, parent.end)? {
        take(scan, &found)?;
        at = found.end;
    }
    Ok(())
}

/// The first box of a kind inside of one.
pub(super) fn find(
    scan: &mut Scanner<'_>,
    parent: &BoxHeader,
    kind: &[u8; 4],
) -> Result<Option<BoxHeader>, Failure> {
    let mut at = parent.body;
    while let Some(found) = next_box(scan, at, parent.end)? {
        if found.kind == *kind {
            return Ok(Some(found));
        }
        at = found.end;
    }
    Ok(None)
}

/// A big-endian number of `N` bytes at `at`, 0 where the file ends before.
pub(super) fn number<const N: usize>(scan: &mut Scanner<'_>, at: u64) -> Result<u64, Failure> {
    Ok(scan.array::<N>(at)?.map_or(0, |bytes| be(&bytes)))
}
