//! Chunks of RIFF and IFF files, whatever the lengths in their headers.

use super::scan::{Failure, Scanner, be, le};

/// Bytes searched for a chunk where one before it has a wrong length.
const SEARCH: u64 = 1 << 20;
/// First byte of the first chunk, behind the header of the file.
pub(super) const FIRST: u64 = 12;

/// The byte order of the lengths of chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// RIFF.
    Little,
    /// IFF.
    Big,
}

impl ByteOrder {
    /// A number in this order.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Little => le(bytes),
            Self::Big => be(bytes),
        }
    }
}

/// A chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) id: [u8; 4],
    /// First byte behind its header.
    pub(super) at: u64,
    /// Bytes behind its header, as it is written.
    pub(super) len: u32,
}

/// The chunk whose header is at `at`; `None` if there is none.
pub(super) fn chunk_at(
    scan: &mut Scanner<'_>,
    at: u64,
    order: ByteOrder,
) -> Result<Option<Chunk>, Failure> {
    let Some(header) = scan.array::<8>(at)? else { return Ok(None) };
    let id = [header[0], header[1], header[2], header[3]];
    let len = order.number(&header[4..]) as u32;
    Ok(is_id(&id).then_some(Chunk { id, at: at + 8, len }))
}

/// Identifiers of chunks are printable; those of no known writer are not.
fn is_id(id: &[u8; 4]) -> bool {
    id.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// Where the next chunk begins: behind a byte of padding after an odd length, which some writers leave out.
pub(super) fn next_chunk(scan: &mut Scanner<'_>, chunk: &Chunk) -> Result<u64, Failure> {
    let end = chunk.at + u64::from(chunk.len);
    if chunk.len.is_multiple_of(2) {
        return Ok(end);
    }
    let unpadded: Option<[u8; 4]> = scan.array(end)?;
    let padded: Option<[u8; 4]> = scan.array(end + 1)?;
    let starts_here = unpadded.is_some_and(|id| is_id(&id)) && !padded.is_some_and(|id| is_id(&id));
    Ok(if starts_here { end } else { end + 1 })
}

/// Searches for a chunk of the kind `id` where the chain of chunks is broken: at `from`, then inside of the chunk before, whose
/// content begins at `before` and which may be too long, and then from the first chunk on.
pub(super) fn find_chunk(
    scan: &mut Scanner<'_>,
    from: u64,
    before: u64,
    id: [u8; 4],
    order: ByteOrder,
) -> Result<Option<Chunk>, Failure> {
    for start in [from.saturating_sub(8).max(FIRST), before, FIRST] {
        let found = search(scan, start, id, order)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn search(
    scan: &mut Scanner<'_>,
    from: u64,
    id: [u8; 4],
    order: ByteOrder,
) -> Result<Option<Chunk>, Failure> {
    let mut at = from;
    while at < from.saturating_add(SEARCH) && at + 8 <= scan.len() {
        let window = scan.bytes(at, 4096)?;
        match window.windows(4).position(|found| found == id) {
            Some(found) => {
                let chunk = chunk_at(scan, at + found as u64, order)?;
                if chunk.is_some() {
                    return Ok(chunk);
                }
                at += found as u64 + 1;
            }
            None => at += (window.len() as u64).saturating_sub(3).max(1),
        }
    }
    Ok(None)
}
