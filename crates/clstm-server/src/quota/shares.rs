//! Counts of what each client holds, within limits.

use std::collections::HashMap;
use std::hash::Hash;

// Of the parent, so that `loom/` can check the same code with the types of loom.
use super::sync::{Mutex, MutexGuard, PoisonError};

/// What clients `C` hold of `N` resources.
#[derive(Debug)]
pub(super) struct Shares<C, const N: usize> {
    /// How much of each resource one client may hold.
    limits: [usize; N],
    /// Clients that hold something.
    held: Mutex<HashMap<C, [usize; N]>>,
}

impl<C: Copy + Eq + Hash, const N: usize> Shares<C, N> {
    pub(super) fn new(limits: [usize; N]) -> Self {
        Self { limits, held: Mutex::new(HashMap::new()) }
    }

    /// Adds `more` to what a client holds of a resource.
    ///
    /// # Errors
    /// The limit, if the client would hold more than that. It then holds as much as before.
    pub(super) fn acquire(&self, client: C, resource: usize, more: usize) -> Result<(), usize> {
        let mut all = self.lock();
        let held = all.get(&client).map_or(0, |held| held[resource]);
        let limit = self.limits[resource];
        if held.saturating_add(more) > limit {
            return Err(limit);
        }
        if more > 0 {
            all.entry(client).or_insert([0; N])[resource] += more;
        }
        Ok(())
    }

    /// Gives back `count`, which the client holds.
    pub(super) fn release(&self, client: C, resource: usize, count: usize) {
        let mut all = self.lock();
        if let Some(held) = all.get_mut(&client) {
            held[resource] -= count;
            if *held == [0; N] {
                all.remove(&client);
            }
        }
    }

    /// Whether no client holds anything, nor has an entry.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<C, [usize; N]>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
