//! Files below a folder that is held open: `openat(2)`, `readlinkat(2)`, `fstatat(2)`, `fdopendir(3)`.
//!
//! Nothing here waits for a FIFO's other end, and no terminal becomes this process's own.

use std::{
    ffi::{CStr, CString},
    fs::File,
    mem::MaybeUninit,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::FileExt},
    },
    path::Path,
    ptr,
};

use crate::error::{Error, ErrorKind, Result};

use super::{check, retry, uninterrupted};

/// What a descriptor is opened for; close-on-exec in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Reading a file or listing a folder; links are followed.
    Read,
    /// The same; a link is an error.
    ReadNoLink,
    /// Looking up names below a folder; links are followed.
    Folder,
    /// The same; a link is an error.
    FolderNoLink,
}

impl Opening {
    pub(super) fn flags(self) -> libc::c_int {
        const READ: libc::c_int = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
        const FOLDER: libc::c_int = super::platform::LOOK_UP | libc::O_DIRECTORY | libc::O_CLOEXEC;
        match self {
            Opening::Read => READ,
            Opening::ReadNoLink => READ | libc::O_NOFOLLOW,
            Opening::Folder => FOLDER,
            Opening::FolderNoLink => FOLDER | libc::O_NOFOLLOW,
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    File,
    Folder,
    Link,
    /// A FIFO, a device, a socket.
    Other,
}

/// What `stat(2)` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStatus {
    pub(crate) kind: FileKind,
    /// In bytes.
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

/// Opens a folder to look up names in it.
pub(crate) fn open_folder(path: &Path) -> Result<OwnedFd> {
    // SAFETY: AT_FDCWD stands for the current folder and is never closed.
    let here = unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) };
    openat(here, &c_path(path.as_os_str().as_bytes())?, Opening::Folder)
}

/// A path for the calls below; one with a NUL in it can't exist.
pub(crate) fn c_path(path: &[u8]) -> Result<CString> {
    CString::new(path).map_err(|_| ErrorKind::NotFound.into())
}

/// `openat(2)`; EINTR is retried.
pub(crate) fn openat(folder: BorrowedFd<'_>, path: &CStr, opening: Opening) -> Result<OwnedFd> {
    // SAFETY: the path ends in NUL and outlives the call; without O_CREAT there is no third argument.
    let fd = retry(|| unsafe { libc::openat(folder.as_raw_fd(), path.as_ptr(), opening.flags()) as isize })?;
    // SAFETY: the call gave a new descriptor, which nobody else owns; it came from a C int.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// `readlinkat(2)`: where a link leads. What isn't a link is an error.
pub(crate) fn readlinkat(folder: BorrowedFd<'_>, path: &CStr) -> Result<Vec<u8>> {
    let mut target = vec![0; libc::PATH_MAX as usize];
    // SAFETY: the path ends in NUL; at most `len` bytes are written to the buffer, which has as many.
    let length = check(unsafe {
        libc::readlinkat(folder.as_raw_fd(), path.as_ptr(), target.as_mut_ptr().cast(), target.len())
    })?;
    // A full buffer may be the beginning of a longer target.
    if length == target.len() {
        return Err(Error::from_errno(libc::ENAMETOOLONG));
    }
    target.truncate(length);
    Ok(target)
}

/// `fstatat(2)` of the name itself: a link isn't followed.
pub(crate) fn fstatat(folder: BorrowedFd<'_>, path: &CStr) -> Result<FileStatus> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the path ends in NUL, and `status` has room for the struct that the call writes.
    check(unsafe {
        libc::fstatat(folder.as_raw_fd(), path.as_ptr(), status.as_mut_ptr(), libc::AT_SYMLINK_NOFOLLOW)
            as isize
    })?;
    // SAFETY: the call succeeded, so it has filled the struct.
    Ok(FileStatus::new(unsafe { status.assume_init_ref() }))
}

/// `fstat(2)`.
pub(crate) fn fstat(file: BorrowedFd<'_>) -> Result<FileStatus> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the descriptor is borrowed for the call, and `status` has room for the struct that it writes.
    check(unsafe { libc::fstat(file.as_raw_fd(), status.as_mut_ptr()) as isize })?;
    // SAFETY: the call succeeded, so it has filled the struct.
    Ok(FileStatus::new(unsafe { status.assume_init_ref() }))
}

/// `pread(2)`; EINTR is retried.
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> Result<usize> {
    Ok(uninterrupted(|| file.read_at(buf, offset))?)
}

/// Whether an error of these calls says that nothing is there which could be read as a file: no such name, a file
/// for a folder on the way, too many links, a name too long for any file, a socket, a device without a driver.
pub(crate) fn is_absence(error: &Error) -> bool {
    use libc::{ELOOP, ENAMETOOLONG, ENODEV, ENOENT, ENOTDIR, ENXIO};
    error.kind() == ErrorKind::NotFound
        || matches!(error.raw_os_error(), Some(ENOENT | ENOTDIR | ELOOP | ENAMETOOLONG | ENXIO | ENODEV))
}

impl FileStatus {
    fn new(status: &libc::stat) -> FileStatus {
        let kind = match status.st_mode & libc::S_IFMT {
            libc::S_IFREG => FileKind::File,
            libc::S_IFDIR => FileKind::Folder,
            libc::S_IFLNK => FileKind::Link,
            _ => FileKind::Other,
        };
        FileStatus { kind, size: u64::try_from(status.st_size).unwrap_or(0), modified: status.st_mtime }
    }
}

/// The names in a folder that was opened for reading, without `.` and `..`, in no order (`readdir(3)`).
///
/// A folder that fails to be read on the way looks as if it ended there: `readdir` tells the two apart by errno
/// alone, whose place is different on each system.
pub(crate) fn names(folder: OwnedFd) -> Result<Vec<CString>> {
    let raw = folder.into_raw_fd();
    // SAFETY: the descriptor is ours, and is the stream's from here on.
    let stream = unsafe { libc::fdopendir(raw) };
    if stream.is_null() {
        let error = Error::last_os_error();
        // SAFETY: the call failed, so the descriptor is still ours; it is closed once, here.
        drop(unsafe { OwnedFd::from_raw_fd(raw) });
        return Err(error);
    }
    let mut names = Vec::new();
    loop {
        // SAFETY: the stream is open, and no other thread has it.
        let entry = unsafe { libc::readdir(stream) };
        if entry.is_null() {
            break;
        }
        // SAFETY: the entry is valid until the next call on this stream, and its name ends in NUL. No reference
        // to the whole entry is made: it may be shorter than its type says.
        let name = unsafe { CStr::from_ptr(ptr::addr_of!((*entry).d_name).cast()) };
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
    }
    // SAFETY: the stream is open, and closed once, here, with its descriptor.
    unsafe { libc::closedir(stream) };
    Ok(names)
}
