//! How much of the server one client may hold.
//!
//! The limits of the server ([`Limits::max_recordings`](crate::Limits::max_recordings) and the like) keep it
//! from collapse; what is here keeps one client from filling it up, so that others still find room.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::refusal::Refusal;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// Whoever has the key of that number: a key is one client, wherever it is used.
    Key(u32),
    /// Whoever comes from there.
    Address(IpAddr),
}

impl Client {
    /// The client at an address; none for the loopback interface. Programs of this machine are its owner's,
    /// and where a proxy stands before the server all of its clients come from there.
    pub(crate) fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(Self::Address(match address {
            // Whoever has an address of IPv6 has all those that begin like it.
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        }))
    }
}

/// What a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Connections,
    /// Recordings, from the first byte of their request to the answer.
    Recordings,
    Timelines,
    Streams,
    /// Bytes of bodies.
    Bytes,
}

/// Kinds of [`What`].
const KINDS: usize = 5;

impl What {
    const fn index(self) -> usize {
        self as usize
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Recordings => "recordings at once",
            Self::Timelines => "timelines at once",
            Self::Streams => "streams at once",
            Self::Bytes => "bytes at once",
        }
    }
}

/// What all clients hold, and how much each of them may.
#[derive(Debug)]
pub(crate) struct Shares {
    most: [usize; KINDS],
    /// Only those who hold something: there are no more of them than connections.
    held: Mutex<HashMap<Client, [usize; KINDS]>>,
}

impl Shares {
    pub(crate) fn new(limits: &crate::Limits) -> Arc<Self> {
        let mut most = [0; KINDS];
        most[What::Connections.index()] = limits.client_connections;
        most[What::Recordings.index()] = limits.client_recordings;
        most[What::Timelines.index()] = limits.client_timelines;
        most[What::Streams.index()] = limits.client_streams;
        most[What::Bytes.index()] = limits.client_held_bytes;
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Room for `count` of the client's share; those who are nobody in particular have all there is.
    pub(crate) fn take(
        self: &Arc<Self>,
        client: Option<Client>,
        what: What,
        count: usize,
    ) -> Result<Share, Refusal> {
        let mut share =
            Share { owner: client.map(|client| (self.clone(), client)), what, count: 0 };
        share.grow(count)?;
        Ok(share)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Client, [usize; KINDS]>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client holds as long as this lives.
#[derive(Debug)]
pub(crate) struct Share {
    owner: Option<(Arc<Shares>, Client)>,
    what: What,
    count: usize,
}

impl Share {
    /// Holds `more`, if the client may.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), Refusal> {
        let Some((shares, client)) = &self.owner else { return Ok(()) };
        let i = self.what.index();
        let mut all = shares.held();
        let held = all.get(client).map_or(0, |held| held[i]);
        let most = shares.most[i];
        if held.saturating_add(more) > most {
            return Err(Refusal::client_limit(most, self.what.name()));
        }
        if more > 0 {
            all.entry(*client).or_default()[i] += more;
            self.count += more;
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, client)) = &self.owner else { return };
        let mut all = shares.held();
        if let Some(held) = all.get_mut(client) {
            held[self.what.index()] -= self.count;
            if *held == [0; KINDS] {
                all.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, Shares, What};
    use crate::Limits;

    fn client(address: &str) -> Option<Client> {
        Client::at(address.parse().unwrap())
    }

    #[test]
    fn clients_are_told_apart_by_their_networks() {
        for loopback in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(client(loopback), None, "{loopback}");
        }
        assert_ne!(client("10.0.0.1"), None);
        assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
        assert_eq!(client("10.0.0.1"), client("::ffff:10.0.0.1"));
        assert_eq!(client("2001:db8:1:2::3"), client("2001:db8:1:2:ffff::4"));
        assert_ne!(client("2001:db8:1:2::3"), client("2001:db8:1:3::3"));
    }

    #[test]
    fn one_client_has_its_share_and_leaves_the_others_theirs() {
        let limits = Limits { client_streams: 2, client_held_bytes: 10, ..Limits::default() };
        let shares = Shares::new(&limits);
        let (one, other) = (client("10.0.0.1"), Some(Client::Key(7)));
        let first = shares.take(one, What::Streams, 1).unwrap();
        let second = shares.take(one, What::Streams, 1).unwrap();
        let refusal = shares.take(one, What::Streams, 1).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.kind), (429, "client_limit"));
        let others = shares.take(other, What::Streams, 2).unwrap();
        let nobody = shares.take(None, What::Streams, 1000).unwrap();
        let mut bytes = shares.take(one, What::Bytes, 4).unwrap();
        bytes.grow(6).unwrap();
        assert!(bytes.grow(1).is_err());
        assert!(shares.take(one, What::Bytes, usize::MAX).is_err(), "no overflow");
        drop(first);
        let third = shares.take(one, What::Streams, 1).unwrap();
        drop((second, third, others, nobody, bytes));
        assert!(shares.held().is_empty(), "nothing is kept of those who hold nothing");
    }
}
