//! Look-ups by the C library: `getaddrinfo(3)`, `getnameinfo(3)`; and this machine's own name.

use std::{
    ffi::{CStr, CString, OsString},
    os::unix::ffi::OsStringExt,
    ptr,
};

use socket2::SockAddr;

use crate::error::{Error, ErrorKind, Result};

use super::check;

/// What is asked for; zero is any.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) family: i32,
    pub(crate) kind: i32,
    pub(crate) protocol: i32,
    pub(crate) flags: i32,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) family: i32,
    pub(crate) kind: i32,
    pub(crate) protocol: i32,
    /// Only in the first answer, and only with AI_CANONNAME.
    pub(crate) canonical_name: Option<String>,
    pub(crate) address: SockAddr,
}

/// `getaddrinfo(3)`: blocks as long as the system's resolver likes.
///
/// # Errors
///
/// `UnknownHost` with the C library's words when the name is unknown or nobody could be asked.
pub(crate) fn getaddrinfo(host: Option<&str>, service: Option<&str>, hints: Hints) -> Result<Vec<Found>> {
    let c_string = |text: Option<&str>| {
        text.map(CString::new)
            .transpose()
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "a NUL byte in a name"))
    };
    let (host, service) = (c_string(host)?, c_string(service)?);
    // SAFETY: a struct of integers and pointers, for which zero and null are the documented defaults.
    let mut wanted: libc::addrinfo = unsafe { std::mem::zeroed() };
    wanted.ai_family = hints.family;
    wanted.ai_socktype = hints.kind;
    wanted.ai_protocol = hints.protocol;
    wanted.ai_flags = hints.flags;
    let mut list = ptr::null_mut();
    // SAFETY: the strings end in NUL and outlive the call, as does `wanted`; `list` is freed below.
    let code = unsafe {
        libc::getaddrinfo(
            host.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
            service.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
            &wanted,
            &mut list,
        )
    };
    if code != 0 {
        return Err(look_up_error(code));
    }
    let mut found = Vec::new();
    let mut next = list;
    // SAFETY: `next` is null or points to a member of the list that getaddrinfo(3) made.
    while let Some(entry) = unsafe { next.as_ref() } {
        found.extend(answer(entry));
        next = entry.ai_next;
    }
    // SAFETY: the list came from getaddrinfo(3) and nothing points into it any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok(found)
}

fn answer(entry: &libc::addrinfo) -> Option<Found> {
    if entry.ai_addr.is_null() {
        return None;
    }
    // SAFETY: getaddrinfo(3) gives `ai_addrlen` bytes of an address with its family, which fit the storage.
    let (_, address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let size = entry.ai_addrlen.min(*length);
            ptr::copy_nonoverlapping(
                entry.ai_addr.cast::<u8>().cast_const(),
                storage.cast::<u8>(),
                size as usize,
            );
            *length = size;
            Ok(())
        })
    }
    .ok()?;
    let canonical_name = (!entry.ai_canonname.is_null()).then(|| {
        // SAFETY: not null, hence a string that ends in NUL and lives as long as the list.
        unsafe { CStr::from_ptr(entry.ai_canonname) }.to_string_lossy().into_owned()
    });
    Some(Found {
        family: entry.ai_family,
        kind: entry.ai_socktype,
        protocol: entry.ai_protocol,
        canonical_name,
        address,
    })
}

/// `getnameinfo(3)`: the host alone, as the C library knows services by its own file only.
///
/// # Errors
///
/// As [`getaddrinfo`].
pub(crate) fn getnameinfo(address: &SockAddr, flags: i32) -> Result<String> {
    let mut host = [0_u8; libc::NI_MAXHOST as usize];
    // SAFETY: the address has `len` bytes, the buffer NI_MAXHOST; both are borrowed for the call. No service is
    // asked for, which a null pointer and a length of 0 say.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            host.as_mut_ptr().cast(),
            libc::NI_MAXHOST as _,
            ptr::null_mut(),
            0,
            flags,
        )
    };
    if code != 0 {
        return Err(look_up_error(code));
    }
    let end = host.iter().position(|&byte| byte == 0).unwrap_or(host.len());
    Ok(String::from_utf8_lossy(&host[..end]).into_owned())
}

/// The number by which the C library said why a look-up failed: the payload of such an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookUpCode(pub(crate) i32);

impl LookUpCode {
    /// The error that the C library would give: its words, and this number as the payload.
    pub(crate) fn error(self) -> Error {
        // SAFETY: gai_strerror(3) returns a static string for any number.
        let text = unsafe { CStr::from_ptr(libc::gai_strerror(self.0)) }.to_string_lossy();
        let mut text = text.into_owned();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let kind = match self.0 {
            libc::EAI_MEMORY => ErrorKind::OutOfResources,
            libc::EAI_BADFLAGS | libc::EAI_FAMILY | libc::EAI_SOCKTYPE => ErrorKind::InvalidInput,
            libc::EAI_SERVICE => ErrorKind::NotFound,
            _ => ErrorKind::UnknownHost,
        };
        Error::new(kind, text).with_payload(self)
    }
}

fn look_up_error(code: i32) -> Error {
    if code == libc::EAI_SYSTEM { Error::last_os_error() } else { LookUpCode(code).error() }
}

/// `gethostname(2)`.
pub(crate) fn gethostname() -> Result<OsString> {
    // Longer than any system's HOST_NAME_MAX (Linux 64, POSIX 255).
    let mut name = vec![0_u8; 1025];
    // SAFETY: the pointer and the length are those of a buffer that is borrowed mutably for the call.
    check(unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) } as isize)?;
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    name.truncate(end);
    Ok(OsString::from_vec(name))
}

/// `sethostname(2)`.
pub(crate) fn sethostname(name: &str) -> Result<()> {
    // SAFETY: the system reads `len` bytes of the string, which is borrowed for the call.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len() as _) } as isize)?;
    Ok(())
}
