//! [`Resolver`]: look-ups with a time limit and a cancel token.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::{AddrInfo, Bounds, Hints, HostEntry, NiFlags, Port, ToAddress, hosts, names};
use crate::{cancel::CancelToken, deadline::Deadline, error::Result};

/// Look-ups with a time limit and a cancel token, where the functions of the same names block as long as the
/// system's resolver likes.
///
/// A look-up that can end early runs on a helper thread, one for all who ask the same at the time: a name that nobody
/// answers for occupies one until the system gives up, however often it is asked for. There are 256 of them at most, in
/// the whole process; behind so many names without an answer, later ones wait for their turn until their own time is
/// over, and the error says so.
///
/// Python: there is no such thing; `settimeout` doesn't hold for look-ups.
///
/// # Examples
///
/// ```
/// use std::{net::Ipv4Addr, time::Duration};
/// use sockeye::socket::Resolver;
/// let resolver = Resolver::new().timeout(Duration::from_secs(5));
/// assert_eq!(resolver.gethostbyname("localhost")?, Ipv4Addr::LOCALHOST);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Resolver {
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
}

impl Resolver {
    /// Nothing set.
    ///
    /// ```
    /// use sockeye::socket::Resolver;
    /// assert!(Resolver::new().gethostbyname("127.0.0.1")?.is_loopback());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new() -> Resolver {
        Resolver::default()
    }

    /// The time limit of each look-up. Default is none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{ErrorKind, socket::Resolver};
    /// let error = Resolver::new().timeout(Duration::ZERO).gethostbyname("localhost").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TimedOut);
    /// ```
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Resolver {
        Resolver { timeout: timeout.into(), ..self }
    }

    /// The token that ends look-ups. Default is none.
    ///
    /// ```
    /// use sockeye::{ErrorKind, cancel::CancelToken, socket::Resolver};
    /// let token = CancelToken::new()?;
    /// token.cancel();
    /// let error = Resolver::new().cancel(token).gethostbyname("localhost").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn cancel(self, token: impl Into<Option<CancelToken>>) -> Resolver {
        Resolver { cancel: token.into(), ..self }
    }

    /// [`getaddrinfo`](super::getaddrinfo) within the limits.
    ///
    /// # Errors
    ///
    /// As there, and [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// use sockeye::socket::{AF_INET, Hints, Resolver};
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// let found = resolver.getaddrinfo("localhost", "http", Hints::new().family(AF_INET))?;
    /// assert_eq!(found[0].address.to_string(), "127.0.0.1:80");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn getaddrinfo<'h, 'p>(
        &self,
        host: impl Into<Option<&'h str>>,
        port: impl Into<Port<'p>>,
        hints: Hints,
    ) -> Result<Vec<AddrInfo>> {
        names::address_infos(host.into(), port.into(), hints, self.bounds())
    }

    /// [`getnameinfo`](super::getnameinfo) within the limits.
    ///
    /// # Errors
    ///
    /// As there, and [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// use sockeye::socket::{NI_NUMERICHOST, Resolver};
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// assert_eq!(resolver.getnameinfo("127.0.0.1:443", NI_NUMERICHOST)?.1, "https");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn getnameinfo(&self, address: impl ToAddress, flags: NiFlags) -> Result<(String, String)> {
        hosts::name_info(&address.target()?, flags, self.bounds())
    }

    /// [`gethostbyname`](super::gethostbyname) within the limits.
    ///
    /// # Errors
    ///
    /// As there, and [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::socket::Resolver;
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// assert!(resolver.gethostbyname("localhost")?.is_loopback());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn gethostbyname(&self, name: &str) -> Result<Ipv4Addr> {
        hosts::by_name(name, self.bounds())
    }

    /// [`gethostbyname_ex`](super::gethostbyname_ex) within the limits.
    ///
    /// # Errors
    ///
    /// As there, and [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::socket::Resolver;
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// assert!(resolver.gethostbyname_ex("localhost")?.2[0].is_loopback());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn gethostbyname_ex(&self, name: &str) -> Result<HostEntry<Ipv4Addr>> {
        hosts::by_name_ex(name, self.bounds())
    }

    /// [`gethostbyaddr`](super::gethostbyaddr) within the limits.
    ///
    /// # Errors
    ///
    /// As there, and [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::socket::Resolver;
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// assert!(resolver.gethostbyaddr("127.0.0.1")?.2[0].is_loopback());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn gethostbyaddr(&self, host: &str) -> Result<HostEntry<IpAddr>> {
        hosts::by_address(host, self.bounds())
    }

    /// [`getfqdn`](super::getfqdn) within the limits.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::ErrorKind::TimedOut), [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::socket::Resolver;
    /// let resolver = Resolver::new().timeout(Duration::from_secs(5));
    /// assert!(!resolver.getfqdn("127.0.0.1")?.is_empty());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn getfqdn(&self, name: &str) -> Result<String> {
        hosts::full_name(name, self.bounds())
    }

    fn bounds(&self) -> Bounds<'_> {
        Bounds { deadline: Deadline::after(self.timeout), cancel: self.cancel.as_ref() }
    }
}
