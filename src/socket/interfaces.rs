//! The interfaces of this machine: `if_nameindex` and its sisters.

use crate::{
    error::{Error, Result},
    sys,
};

/// Number and name of every network interface: `if_nameindex(3)`.
///
/// Python: `socket.if_nameindex`.
///
/// # Errors
///
/// When the system has no descriptors or memory left.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{if_indextoname, if_nameindex, if_nametoindex};
/// let interfaces = if_nameindex()?;
/// assert!(!interfaces.is_empty());
/// for (index, name) in interfaces {
///     assert_eq!((if_nametoindex(&name)?, if_indextoname(index)?), (index, name));
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn if_nameindex() -> Result<Vec<(u32, String)>> {
    sys::if_nameindex().map_err(|error| error.context("list the interfaces"))
}

/// The number of a network interface, as the scope of a link-local address has it: `if_nametoindex(3)`.
///
/// Python: `socket.if_nametoindex`.
///
/// # Errors
///
/// ENODEV if there is no such interface.
///
/// # Examples
///
/// ```
/// use sockeye::socket::if_nametoindex;
/// let error = if_nametoindex("no such interface").unwrap_err();
/// assert!(error.to_string().starts_with("find the interface no such interface failed: "));
/// ```
pub fn if_nametoindex(name: &str) -> Result<u32> {
    sys::if_nametoindex(name).map_err(|error| unknown(error, name))
}

/// The name of a network interface: `if_indextoname(3)`.
///
/// Python: `socket.if_indextoname`.
///
/// # Errors
///
/// ENXIO if there is no such interface.
///
/// # Examples
///
/// ```
/// use sockeye::socket::if_indextoname;
/// assert!(if_indextoname(0).is_err());
/// ```
pub fn if_indextoname(index: u32) -> Result<String> {
    sys::if_indextoname(index).map_err(|error| unknown(error, &index.to_string()))
}

fn unknown(error: Error, interface: &str) -> Error {
    error.context(format!("find the interface {interface}"))
}
