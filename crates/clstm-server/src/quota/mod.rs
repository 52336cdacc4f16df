//! Quotas: how much one client may hold of what the server has.
//!
//! The limits of the server ([`Limits::max_recordings`](crate::Limits::max_recordings) and the like) protect
//! the server; quotas protect clients from each other.

mod shares;

/// What the shares synchronise with.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
}

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::api_error::ApiError;

use shares::Shares;

/// The identity that quotas are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientId {
    /// The API key of that number. A key is one client at any address.
    Key(u32),
    /// An IP address; of IPv6 the first 64 bits.
    Address(IpAddr),
}

impl ClientId {
    /// The client at an address; `None`, which means no quota, for loopback addresses. Programs of this
    /// machine are its owner's, and all clients of a reverse proxy have the proxy's address.
    pub(crate) fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(Self::Address(match address {
            // One IPv6 client usually has a whole /64.
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        }))
    }
}

/// A resource with a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Connections,
    /// Recordings, from the first byte of the request to the response.
    Recordings,
    Timelines,
    Streams,
    /// Buffered bytes of request bodies.
    Bytes,
}

/// Number of [`Resource`]s.
const RESOURCES: usize = 5;

impl Resource {
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

/// What each client holds, and how much one may hold.
#[derive(Debug)]
pub(crate) struct Quotas {
    /// Never more entries than connections.
    shares: Shares<ClientId, RESOURCES>,
}

impl Quotas {
    pub(crate) fn new(limits: &crate::Limits) -> Arc<Self> {
        let mut limit = [0; RESOURCES];
        limit[Resource::Connections.index()] = limits.client_connections;
        limit[Resource::Recordings.index()] = limits.client_recordings;
        limit[Resource::Timelines.index()] = limits.client_timelines;
        limit[Resource::Streams.index()] = limits.client_streams;
        limit[Resource::Bytes.index()] = limits.client_buffered_bytes;
        Arc::new(Self { shares: Shares::new(limit) })
    }

    /// Acquires `count` of a resource. Without a client there is no quota.
    pub(crate) fn acquire(
        self: &Arc<Self>,
        client: Option<ClientId>,
        resource: Resource,
        count: usize,
    ) -> Result<QuotaGuard, ApiError> {
        let mut guard =
            QuotaGuard { owner: client.map(|client| (self.clone(), client)), resource, count: 0 };
        guard.extend(count)?;
        Ok(guard)
    }
}

/// What a client holds until the guard is dropped.
#[derive(Debug)]
pub(crate) struct QuotaGuard {
    owner: Option<(Arc<Quotas>, ClientId)>,
    resource: Resource,
    count: usize,
}

impl QuotaGuard {
    /// Acquires `more`, if the quota allows.
    pub(crate) fn extend(&mut self, more: usize) -> Result<(), ApiError> {
        let Some((quotas, client)) = &self.owner else { return Ok(()) };
        let acquired = quotas.shares.acquire(*client, self.resource.index(), more);
        acquired.map_err(|limit| ApiError::client_limit(limit, self.resource.name()))?;
        self.count += more;
        Ok(())
    }
}

impl Drop for QuotaGuard {
    fn drop(&mut self) {
        if let Some((quotas, client)) = &self.owner {
            quotas.shares.release(*client, self.resource.index(), self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientId, Quotas, Resource};
    use crate::Limits;

    fn client(address: &str) -> Option<ClientId> {
        ClientId::at(address.parse().unwrap())
    }

    #[test]
    fn clients_are_identified_by_their_networks() {
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
    fn one_client_cannot_use_more_than_its_quota() {
        let limits = Limits { client_streams: 2, client_buffered_bytes: 10, ..Limits::default() };
        let quotas = Quotas::new(&limits);
        let (one, other) = (client("10.0.0.1"), Some(ClientId::Key(7)));
        let first = quotas.acquire(one, Resource::Streams, 1).unwrap();
        let second = quotas.acquire(one, Resource::Streams, 1).unwrap();
        let error = quotas.acquire(one, Resource::Streams, 1).unwrap_err();
        assert_eq!((error.status().as_u16(), error.word()), (429, "client_limit"));
        let others = quotas.acquire(other, Resource::Streams, 2).unwrap();
        let unlimited = quotas.acquire(None, Resource::Streams, 1000).unwrap();
        let mut bytes = quotas.acquire(one, Resource::Bytes, 4).unwrap();
        bytes.extend(6).unwrap();
        assert!(bytes.extend(1).is_err());
        assert!(quotas.acquire(one, Resource::Bytes, usize::MAX).is_err(), "no overflow");
        drop(first);
        let third = quotas.acquire(one, Resource::Streams, 1).unwrap();
        drop((second, third, others, unlimited, bytes));
        assert!(quotas.shares.is_empty(), "clients that hold nothing have no entry");
    }
}
