//! The interfaces of this machine and their addresses: `if_nameindex(3)`, `getifaddrs(3)`.

use std::{
    ffi::{CStr, CString},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ptr,
};

use crate::error::{Error, Result};

use super::check;

/// The IPv4 and IPv6 addresses of every interface that is up, in the system's order.
pub(crate) fn interface_addresses() -> Result<Vec<IpAddr>> {
    let mut list = ptr::null_mut();
    // SAFETY: `list` is a place for the one pointer that the call writes; freed below.
    check(unsafe { libc::getifaddrs(&mut list) } as isize)?;
    let mut addresses = Vec::new();
    let mut next = list.cast_const();
    // SAFETY: `next` is null or points to a member of the list that getifaddrs(3) made.
    while let Some(entry) = unsafe { next.as_ref() } {
        addresses.extend(address(entry));
        next = entry.ifa_next;
    }
    // SAFETY: the list came from getifaddrs(3), and nothing points into it any more.
    unsafe { libc::freeifaddrs(list) };
    Ok(addresses)
}

fn address(entry: &libc::ifaddrs) -> Option<IpAddr> {
    let is_up = entry.ifa_flags & libc::IFF_UP as libc::c_uint != 0;
    if entry.ifa_addr.is_null() || !is_up {
        return None;
    }
    // SAFETY: not null, so it points to an address of some family, which begins as every sockaddr does.
    let family = i32::from(unsafe { (*entry.ifa_addr).sa_family });
    match family {
        libc::AF_INET => {
            // SAFETY: the family says that it is a sockaddr_in; read_unaligned asks for no alignment.
            let address = unsafe { entry.ifa_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that it is a sockaddr_in6; read_unaligned asks for no alignment.
            let address = unsafe { entry.ifa_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

/// Number and name of every interface: `if_nameindex(3)`.
pub(crate) fn if_nameindex() -> Result<Vec<(u32, String)>> {
    // SAFETY: takes nothing; the list that it makes is freed below.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut next = list.cast_const();
    loop {
        // SAFETY: `next` is within the list: it ends with an entry whose name is null, and no step goes past that.
        let entry = unsafe { &*next };
        if entry.if_name.is_null() {
            break;
        }
        // SAFETY: not null, hence a string that ends in NUL and lives as long as the list.
        let name = unsafe { CStr::from_ptr(entry.if_name) }.to_string_lossy().into_owned();
        found.push((entry.if_index, name));
        // SAFETY: this entry isn't the last one, so another follows it in the same array.
        next = unsafe { next.add(1) };
    }
    // SAFETY: the list came from if_nameindex(3), and nothing points into it any more.
    unsafe { libc::if_freenameindex(list) };
    Ok(found)
}

/// The number of an interface: `if_nametoindex(3)`; ENODEV if there is none of that name.
pub(crate) fn if_nametoindex(name: &str) -> Result<u32> {
    let name = CString::new(name).map_err(|_| Error::from_errno(libc::ENODEV))?;
    // SAFETY: the string ends in NUL and outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Error::from_errno(libc::ENODEV)),
        index => Ok(index),
    }
}

/// The name of an interface: `if_indextoname(3)`; ENXIO if there is none of that number.
pub(crate) fn if_indextoname(index: u32) -> Result<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the call may write, and is borrowed mutably for it.
    if unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) }.is_null() {
        return Err(Error::last_os_error());
    }
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    Ok(String::from_utf8_lossy(&name[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_loopback() {
        assert!(interface_addresses().unwrap().contains(&Ipv4Addr::LOCALHOST.into()));
    }
}
