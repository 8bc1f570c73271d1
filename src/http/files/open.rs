//! Opening what a request names, and nothing outside the root.
//!
//! Names are looked up below a descriptor of the root, so that no check can be outrun by a rename. Where the
//! kernel can hold a path below a folder by itself (`openat2(2)`), that is one call; `Root::walk` does the same on any
//! POSIX system, and resolves the links that the kernel's rule refuses too strictly: absolute ones that lead
//! back inside.

use std::{
    ffi::CString,
    fs::File,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, FileKind, FileStatus, Opening},
};

/// What [`FileHandler`](super::FileHandler) does with symbolic links.
///
/// Whatever is chosen, the root itself may be one.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, http::{FileHandler, HttpServer, Symlinks}, urllib::urlopen};
///
/// # fn main() -> sockeye::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("sockeye-doc-links-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("page.txt"), "Hello")?;
/// std::os::unix::fs::symlink("page.txt", folder.join("link.txt"))?;
/// for (links, served) in [(Symlinks::Inside, true), (Symlinks::Deny, false)] {
///     let server = HttpServer::bind("127.0.0.1:0")?.spawn(FileHandler::new(&folder).symlinks(links))?;
///     let answer = urlopen(format!("http://{}/link.txt", server.addr()));
///     assert_eq!(answer.is_ok(), served);
///     # server.shutdown();
/// }
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// Links are followed wherever they lead, as Python does: who can make a link in the folder can publish
    /// every file that this process may read.
    Follow,
    /// Links are followed as long as each step stays inside the folder.
    #[default]
    Inside,
    /// What lies behind a link isn't there.
    Deny,
}

/// How many links may lie on a path, as in Linux.
const MAX_LINKS: usize = 40;

/// The folder that is served, opened for one request: a folder that is replaced is found again.
#[derive(Debug)]
pub(super) struct Root<'a> {
    folder: OwnedFd,
    path: &'a Path,
    links: Symlinks,
}

impl<'a> Root<'a> {
    pub(super) fn open(path: &'a Path, links: Symlinks) -> Result<Root<'a>> {
        Ok(Root { folder: sys::open_folder(path)?, path, links })
    }

    /// Opens a file for reading, or a folder for listing; never waits for the other end of a FIFO.
    pub(super) fn read(&self, path: &[u8]) -> Result<File> {
        let here = self.folder.as_fd();
        let path = sys::c_path(path)?;
        let opened = match self.links {
            Symlinks::Follow => sys::openat(here, &path, Opening::Read)?,
            Symlinks::Inside => {
                let opened = sys::open_beneath(here, &path, Opening::Read);
                opened.or_else(|error| self.look_closer(error, path.as_bytes()))?
            }
            Symlinks::Deny => {
                let opened = sys::open_beneath(here, &path, Opening::ReadNoLink);
                opened.or_else(|error| self.look_closer(error, path.as_bytes()))?
            }
        };
        Ok(opened.into())
    }

    /// Where the kernel can't tell, or is too strict.
    fn look_closer(&self, error: Error, path: &[u8]) -> Result<OwnedFd> {
        if error.kind() != ErrorKind::Unsupported {
            return Err(error);
        }
        self.walk(path)
    }

    /// What an entry of an open folder is, behind a link too; `None` if it isn't served.
    pub(super) fn status_of(&self, folder: &File, path: &[u8], name: &std::ffi::CStr) -> Option<FileStatus> {
        let status = sys::fstatat(folder.as_fd(), name).ok()?;
        match status.kind {
            FileKind::File | FileKind::Folder => Some(status),
            FileKind::Other => None,
            FileKind::Link if self.links == Symlinks::Deny => None,
            FileKind::Link => {
                let target = self.read(&[path, b"/", name.to_bytes()].concat()).ok()?;
                sys::fstat(target.as_fd())
                    .ok()
                    .filter(|s| matches!(s.kind, FileKind::File | FileKind::Folder))
            }
        }
    }

    /// Looks up name by name, each below the folder that the one before led to.
    fn walk(&self, path: &[u8]) -> Result<OwnedFd> {
        // INVARIANT: each folder lies in the one before it, the first in the root: `..` is the one before.
        let mut way: Vec<OwnedFd> = Vec::new();
        let mut ahead: Vec<CString> = Vec::new();
        put_ahead(&mut ahead, path)?;
        let mut links = 0;
        loop {
            let here: BorrowedFd<'_> = way.last().unwrap_or(&self.folder).as_fd();
            let Some(name) = ahead.pop() else {
                return sys::openat(here, c".", Opening::ReadNoLink);
            };
            if name.as_bytes() == b".." {
                // No request has a `..`: a link has led here.
                way.pop().ok_or_else(out)?;
                continue;
            }
            let opening = if ahead.is_empty() { Opening::ReadNoLink } else { Opening::FolderNoLink };
            let error = match sys::openat(here, &name, opening) {
                Ok(last) if ahead.is_empty() => return Ok(last),
                Ok(folder) => {
                    way.push(folder);
                    continue;
                }
                Err(error) => error,
            };
            // Systems differ in how they refuse a link; that it can be read as one is proof everywhere.
            let Ok(target) = sys::readlinkat(here, &name) else { return Err(error) };
            links += 1;
            if self.links != Symlinks::Inside || links > MAX_LINKS {
                return Err(Error::new(ErrorKind::NotFound, "a symbolic link that isn't followed"));
            }
            match target.strip_prefix(b"/") {
                Some(_) => {
                    way.clear();
                    put_ahead(&mut ahead, &self.below_root(&target)?)?;
                }
                None => put_ahead(&mut ahead, &target)?,
            }
        }
    }

    /// What an absolute path is as seen from the root, however the root is written.
    fn below_root(&self, target: &[u8]) -> Result<Vec<u8>> {
        let target = Path::new(std::ffi::OsStr::from_bytes(target));
        let canonical: PathBuf = std::fs::canonicalize(self.path)?;
        let below = target.strip_prefix(self.path).or_else(|_| target.strip_prefix(canonical));
        Ok(below.map_err(|_| out())?.as_os_str().as_bytes().to_vec())
    }
}

/// A link that isn't followed, because what it leads to lies elsewhere.
fn out() -> Error {
    Error::new(ErrorKind::NotFound, "a symbolic link leads out of the folder")
}

/// Whether something is there, and a link's rule hides it: the system's own errors have a number.
pub(super) fn is_hidden(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && error.raw_os_error().is_none()
}

/// Puts the names of a path before those still ahead; the next one is at the end.
fn put_ahead(ahead: &mut Vec<CString>, path: &[u8]) -> Result<()> {
    for name in path.rsplit(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b".")) {
        ahead.push(sys::c_path(name)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
