//! Addresses as bytes: `struct sockaddr`.

use std::{mem, ptr, slice};

use socket2::SockAddr;

/// The longest path of a Unix socket, in bytes: a NUL byte follows it.
pub(crate) const LONGEST_PATH: usize =
    mem::size_of::<libc::sockaddr_un>() - mem::offset_of!(libc::sockaddr_un, sun_path) - 1;

/// An address as the system has it; `None` if it has no family or is longer than any.
pub(crate) fn address_of(bytes: &[u8]) -> Option<SockAddr> {
    // SAFETY: the storage is zeroed, and no more bytes of it are written than it has: integers all of them, so
    // that any bytes are an address, though maybe of an unknown family.
    let made = unsafe {
        SockAddr::try_init(|storage, length| {
            let room = bytes.len().min(*length as usize);
            ptr::copy_nonoverlapping(bytes.as_ptr(), storage.cast(), room);
            *length = room as libc::socklen_t;
            Ok(())
        })
    };
    let (_, address) = made.ok()?;
    let known = i32::from(address.family()) != libc::AF_UNSPEC && address.len() as usize == bytes.len();
    known.then_some(address)
}

/// The path in a Unix socket's address that lacks the NUL byte behind it; without that, its last byte would count as one.
pub(crate) fn path_without_end(bytes: &[u8]) -> Option<&[u8]> {
    let is_unix = i32::from(address_of(bytes)?.family()) == libc::AF_UNIX;
    let path = &bytes[mem::offset_of!(libc::sockaddr_un, sun_path).min(bytes.len())..];
    (is_unix && !path.is_empty() && !path.contains(&0)).then_some(path)
}

/// The address's bytes, family first (its length, on the BSDs).
pub(crate) fn bytes_of(address: &SockAddr) -> &[u8] {
    // SAFETY: the storage begins zeroed, whoever fills it, and has at least `len` bytes; it is borrowed as long as
    // the bytes are.
    unsafe { slice::from_raw_parts(address.as_ptr().cast(), address.len() as usize) }
}
