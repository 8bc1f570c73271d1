//! Flags of `getnameinfo`, and why a look-up failed.

use std::{fmt, ops};

use super::numbers::{debug_by_name, flags, numbers};
use crate::{
    error::Error,
    sys::{LookUpCode, c},
};

numbers! {
    /// Flags of [`getnameinfo`](super::getnameinfo), joined by `|`.
    ///
    /// Python: the `NI_` integers, but for `NI_MAXHOST` and `NI_MAXSERV`: here nobody makes room for the names.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{NI_NUMERICHOST, NI_NUMERICSERV, getnameinfo};
    /// let both = NI_NUMERICHOST | NI_NUMERICSERV;
    /// assert_eq!(getnameinfo("127.0.0.1:80", both)?, ("127.0.0.1".to_owned(), "80".to_owned()));
    /// assert_eq!(format!("{both:?}"), "NI_NUMERICHOST | NI_NUMERICSERV");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    NiFlags {
        /// The address in digits: nobody is asked.
        NI_NUMERICHOST,
        /// The port in digits.
        NI_NUMERICSERV,
        /// A host on the own domain without the domain.
        NI_NOFQDN,
        /// An address without a name is an error, not digits.
        NI_NAMEREQD,
        /// The service's name is that over UDP.
        NI_DGRAM,
    }
}

flags!(NiFlags);

numbers! {
    /// Why a look-up failed, in the C library's own numbers: [`Error::look_up_code`].
    ///
    /// Which one a resolver gives differs between systems; [`kind`](Error::kind) doesn't.
    ///
    /// Python: `socket.gaierror.errno` and the `EAI_` integers.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{EAI_NONAME, EaiCode, gethostbyname_ex};
    /// let error = gethostbyname_ex("").unwrap_err();
    /// assert_eq!(error.look_up_code(), Some(EAI_NONAME));
    /// assert_eq!(format!("{EAI_NONAME:?} {:?}", EaiCode::raw(12345)), "EAI_NONAME EaiCode(12345)");
    /// ```
    EaiCode {
        /// The host has no address of the family that was asked for.
        EAI_ADDRFAMILY,
        /// Nobody answered in time: it may work later.
        EAI_AGAIN,
        /// A flag that the system doesn't know.
        EAI_BADFLAGS,
        /// The name server failed.
        EAI_FAIL,
        /// A family that the system doesn't know.
        EAI_FAMILY,
        /// No memory left.
        EAI_MEMORY,
        /// The name is known, and has no addresses.
        EAI_NODATA,
        /// The host, or the service, is unknown.
        EAI_NONAME,
        /// A buffer was too short.
        EAI_OVERFLOW,
        /// The service is unknown for that kind of socket.
        EAI_SERVICE,
        /// A kind that the system doesn't know, or that doesn't go with the protocol.
        EAI_SOCKTYPE,
        /// The errno says more.
        EAI_SYSTEM,
    }
}

debug_by_name!(EaiCode);

impl Error {
    /// Why a look-up failed, in the C library's own numbers; `None` for all other errors.
    ///
    /// Python: `socket.gaierror.errno`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AI_NUMERICHOST, EAI_NONAME, Hints, getaddrinfo}};
    /// let error = getaddrinfo("localhost", 80, Hints::new().flags(AI_NUMERICHOST)).unwrap_err();
    /// assert_eq!((error.kind(), error.look_up_code()), (ErrorKind::UnknownHost, Some(EAI_NONAME)));
    /// assert_eq!(sockeye::Error::from(ErrorKind::Closed).look_up_code(), None);
    /// ```
    #[must_use]
    #[doc(alias = "gaierror")]
    pub fn look_up_code(&self) -> Option<EaiCode> {
        self.payload::<LookUpCode>().map(|code| EaiCode::raw(code.0))
    }
}
