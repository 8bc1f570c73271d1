//! The addresses of this machine's interfaces: `getifaddrs(3)`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ptr,
};

use crate::error::Result;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_loopback() {
        assert!(interface_addresses().unwrap().contains(&Ipv4Addr::LOCALHOST.into()));
    }
}
