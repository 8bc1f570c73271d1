//! `getsockopt(2)` and `setsockopt(2)` on bytes, and FD_CLOEXEC.

use std::{
    mem::offset_of,
    os::fd::{AsRawFd, BorrowedFd},
    time::Duration,
};

use crate::error::{Error, ErrorKind, Result};

use super::check;

/// It has the number of `SO_ATTACH_FILTER`.
const GET_FILTER: (i32, i32) = (libc::SOL_SOCKET, 26);

/// Reads an option into the buffer; how many bytes it has.
///
/// The buffer comes filled with zeros: an option that looks there for an address to write to finds none.
///
/// # Errors
///
/// As the system; `InvalidInput` for the option whose length isn't in bytes.
pub(crate) fn getsockopt(fd: BorrowedFd<'_>, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
    if cfg!(target_os = "linux") && (level, name) == GET_FILTER {
        let why = "SO_GET_FILTER counts instructions, not bytes: the kernel would write past the value's end";
        return Err(Error::new(ErrorKind::InvalidInput, why));
    }
    let mut length = length_of(value)?;
    // SAFETY: the kernel writes at most `length` bytes into the slice, which is borrowed mutably; it finds no other
    // address to write to, as the slice is zeros. The one option that takes the length for something else was refused.
    let outcome =
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, value.as_mut_ptr().cast(), &mut length) };
    check(outcome as isize)?;
    Ok((length as usize).min(value.len()))
}

/// The options by which the kernel writes to an address in the value, at once or later.
const WRITING: [(i32, i32); 7] = [
    // The old counters of the tables of iptables, arptables, ebtables and ip6tables.
    (libc::IPPROTO_IP, 64),
    (libc::IPPROTO_IP, 96),
    (libc::IPPROTO_IP, 128),
    (libc::IPPROTO_IPV6, 64),
    // XDP_UMEM_REG: packets. RDS_GET_MR, RDS_GET_MR_FOR_DEST: what the peer sends.
    (283, 4),
    (276, 2),
    (276, 7),
];

/// Sets an option to these bytes.
///
/// Where they hold an address, the kernel reads there too, and looks only whether it is mapped. Whoever makes such a
/// value keeps what it points to alive and as large as it says, while the call lasts.
///
/// # Errors
///
/// As the system; `InvalidInput` for the options by which the kernel would write to an address in the value.
pub(crate) fn setsockopt(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<()> {
    if cfg!(target_os = "linux") && WRITING.contains(&(level, name)) {
        let why = "the kernel would write to an address in the value, which safe code can't allow";
        return Err(Error::new(ErrorKind::InvalidInput, why));
    }
    let length = length_of(value)?;
    // SAFETY: the kernel reads `length` bytes of the slice, which is borrowed for the call. Where those hold an
    // address, as `filter_program`'s do, it reads there, and answers EFAULT if nothing is mapped: nothing of this
    // process is changed. The options by which it would write were refused above.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), length) } as isize)?;
    Ok(())
}

fn length_of(value: &[u8]) -> Result<libc::socklen_t> {
    libc::socklen_t::try_from(value.len()).map_err(|_| Error::from_errno(libc::EINVAL))
}

/// `struct timeval` as bytes; microseconds rounded up, so that a short limit never becomes none.
pub(crate) fn timeval_of_duration(limit: Duration) -> Vec<u8> {
    let micros = limit.as_nanos().div_ceil(1000);
    let value = libc::timeval {
        tv_sec: libc::time_t::try_from(micros / 1_000_000).unwrap_or(libc::time_t::MAX),
        tv_usec: (micros % 1_000_000) as libc::suseconds_t,
    };
    let mut bytes = vec![0; size_of::<libc::timeval>()];
    let fields: [(usize, &[u8]); 2] = [
        (offset_of!(libc::timeval, tv_sec), &value.tv_sec.to_ne_bytes()),
        (offset_of!(libc::timeval, tv_usec), &value.tv_usec.to_ne_bytes()),
    ];
    for (at, field) in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes
}

/// The other way; `None` if that is no `struct timeval`.
pub(crate) fn duration_of_timeval(bytes: &[u8]) -> Option<Duration> {
    if bytes.len() != size_of::<libc::timeval>() {
        return None;
    }
    let seconds = &bytes[offset_of!(libc::timeval, tv_sec)..][..size_of::<libc::time_t>()];
    let micros = &bytes[offset_of!(libc::timeval, tv_usec)..][..size_of::<libc::suseconds_t>()];
    let seconds = libc::time_t::from_ne_bytes(seconds.try_into().ok()?);
    let micros = libc::suseconds_t::from_ne_bytes(micros.try_into().ok()?);
    let nanos = u32::try_from(micros).ok()?.checked_mul(1000)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

/// `struct sock_fprog` as bytes: how many instructions, and where they are. The kernel copies them while the call
/// lasts, so the caller keeps them as long.
pub(crate) fn filter_program(instructions: &[u8]) -> Vec<u8> {
    // Two bytes of length, then an address, aligned as C does.
    // The system refuses a program without instructions, and so one that ends within an instruction.
    let whole = if instructions.len() % 8 == 0 { instructions.len() / 8 } else { 0 };
    let length = u16::try_from(whole).unwrap_or(u16::MAX);
    let address = instructions.as_ptr().expose_provenance();
    let mut bytes = vec![0; 2 * size_of::<usize>()];
    bytes[..2].copy_from_slice(&length.to_ne_bytes());
    bytes[size_of::<usize>()..].copy_from_slice(&address.to_ne_bytes());
    bytes
}

/// FD_CLOEXEC: `fcntl(2)`.
pub(crate) fn closes_on_exec(fd: BorrowedFd<'_>) -> Result<bool> {
    // SAFETY: the command takes no argument, and the descriptor is borrowed for the call.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) } as isize)?;
    Ok(flags & libc::FD_CLOEXEC as usize != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zero would be no limit at all, so a part of a microsecond counts as a whole one.
    #[test]
    fn a_limit_is_never_rounded_to_none() {
        let there_and_back = |limit| duration_of_timeval(&timeval_of_duration(limit)).unwrap();
        for (nanos, expected) in [
            (0, 0),
            (1, 1_000),
            (999, 1_000),
            (1_000, 1_000),
            (1_001, 2_000),
            (999_999_000, 999_999_000),
            (999_999_001, 1_000_000_000),
            (2_500_000_001, 2_500_001_000),
        ] {
            assert_eq!(
                there_and_back(Duration::from_nanos(nanos)),
                Duration::from_nanos(expected),
                "{nanos}"
            );
        }
        assert!(there_and_back(Duration::MAX) >= Duration::from_secs(i32::MAX as u64));
        assert_eq!(duration_of_timeval(&[0; 3]), None);
    }
}
