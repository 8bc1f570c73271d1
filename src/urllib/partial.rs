//! [`PartialFile`]: a file that appears, or is replaced, in one step when it is complete.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::error::Result;

/// How often another name is tried.
const TRIES: u32 = 100;

/// How many links may lead to a file, as in Linux.
const MAX_LINKS: usize = 40;

/// Tells this process's files apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whom the process's umask lets.
    Usual,
    /// Its owner alone: it holds secrets.
    Owner,
}

/// A file that appears, or is replaced, in one step when it is [complete](Self::complete): what
/// [`urlretrieve`](super::urlretrieve) writes, for programs that do something of their own with what comes.
///
/// It grows beside its target, in the same folder, and takes over the permissions of the file whose place it takes: who
/// may not write to that may not replace it either. Dropping it takes away what was written, and what was there
/// stays. A link keeps leading to the file that is replaced, or made. What isn't a regular file, such as a FIFO
/// or `/dev/null`, can't be replaced: it is written to.
///
/// Python: `os.replace` of a `tempfile.NamedTemporaryFile`.
///
/// # Examples
///
/// ```
/// use std::io::{self, Write};
/// use sockeye::urllib::{PartialFile, urlopen};
///
/// # fn main() -> sockeye::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("page");
/// std::fs::write(&path, "what was there")?;
/// let mut partial = PartialFile::create(&path)?;
/// partial.write_all(b"half of it")?;
/// drop(partial);
/// assert_eq!(std::fs::read_to_string(&path)?, "what was there");
///
/// let mut partial = PartialFile::create(&path)?;
/// io::copy(&mut urlopen("data:,hello")?, &mut partial)?;
/// partial.complete()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    growing: Growing,
    target: PathBuf,
}

/// Where a file grows.
#[derive(Debug)]
enum Growing {
    /// Beside the target, under a name of its own.
    Beside(PathBuf),
    /// In the target, which still has what was there before.
    Untouched,
    /// In the target. Half a file must not look like a whole one, so it is emptied if it isn't completed; only a process
    /// that is killed can't do that.
    InPlace,
    /// It goes to what isn't a regular file.
    Device,
    /// No more: it is complete.
    Done,
}

impl PartialFile {
    /// One that is to take that place.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is no such folder,
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) when there may be no new file in it, or what is
    /// there may not be written to, and whatever else the system says.
    pub fn create(target: impl AsRef<Path>) -> Result<PartialFile> {
        let target = target.as_ref();
        match PartialFile::to_device(target)? {
            Some(device) => Ok(device),
            None => Ok(PartialFile::beside(target, Readers::Usual)?.inheriting()?),
        }
    }

    /// The same; where the folder forbids a new file, or is read-only, a file that is there is overwritten in
    /// place: from the first byte on what was there is lost, and if it isn't completed it is left empty.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn create_or_overwrite(target: impl AsRef<Path>) -> Result<PartialFile> {
        let target = target.as_ref();
        let forbidden = match PartialFile::create(target).map_err(io::Error::from) {
            Err(error) if is_lack_of_rights(&error) => error,
            outcome => return Ok(outcome?),
        };
        let target = behind_links(target);
        match OpenOptions::new().write(true).open(&target) {
            Ok(file) => Ok(PartialFile { file, growing: Growing::Untouched, target }),
            Err(_) => Err(forbidden.into()),
        }
    }

    /// What has been written elsewhere, in the same file system, and is to take that place. Dropping it removes
    /// what was written there.
    ///
    /// # Errors
    ///
    /// When one of the two can't be opened.
    pub fn adopt(path: impl Into<PathBuf>, target: impl AsRef<Path>) -> Result<PartialFile> {
        let path = path.into();
        let (file, target) = (File::open(&path)?, behind_links(target.as_ref()));
        Ok(PartialFile { file, growing: Growing::Beside(path), target }.inheriting()?)
    }

    /// Whether something may take that place, if there is a file: who may not write to it may not replace it either.
    /// For those who want to know before they begin. What isn't a regular file isn't touched, and may always be written to
    /// as far as this goes.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), for what is there.
    pub fn check(target: impl AsRef<Path>) -> Result<()> {
        let target = target.as_ref();
        // Who reads from a FIFO would take this for all of it.
        if fs::metadata(target).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            return Ok(());
        }
        match OpenOptions::new().write(true).open(target) {
            Err(error) if !may_be_replaced(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The file, to be written to at any place of it.
    ///
    /// # Errors
    ///
    /// When what is overwritten in place can't be emptied.
    pub fn file(&mut self) -> Result<&File> {
        self.touch()?;
        Ok(&self.file)
    }

    /// Where what was written stands; `None` for what isn't a regular file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.growing {
            Growing::Beside(path) => Some(path),
            Growing::Device => None,
            Growing::Untouched | Growing::InPlace | Growing::Done => Some(&self.target),
        }
    }

    /// The place that it is to take, behind all links.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// It takes its place.
    ///
    /// # Errors
    ///
    /// When it can't be moved there.
    pub fn complete(mut self) -> Result<()> {
        self.touch()?;
        if let Growing::Beside(path) = &self.growing {
            fs::rename(path, &self.target)?;
        }
        self.growing = Growing::Done;
        Ok(())
    }

    /// In the same folder as its target, so that moving it is one step.
    pub(super) fn beside(target: &Path, readers: Readers) -> io::Result<PartialFile> {
        let target = behind_links(target);
        if target.file_name().is_none() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
        for _ in 0..TRIES {
            // Without the target's name, which may be as long as a name can be.
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".sockeye-{}-{number}.part", process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => return Ok(PartialFile { file, growing: Growing::Beside(path), target }),
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// What isn't a regular file; of a folder that is there the system says so.
    fn to_device(target: &Path) -> io::Result<Option<PartialFile>> {
        match fs::metadata(target) {
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(target)?;
                Ok(Some(PartialFile { file, growing: Growing::Device, target: target.to_owned() }))
            }
            _ => Ok(None),
        }
    }

    fn inheriting(self) -> io::Result<PartialFile> {
        inherit(&self.file, &self.target)?;
        Ok(self)
    }

    /// Empties a file that is written in its place, once.
    fn touch(&mut self) -> io::Result<()> {
        if let Growing::Untouched = self.growing {
            self.file.set_len(0)?;
            self.growing = Growing::InPlace;
        }
        Ok(())
    }
}

impl Write for PartialFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.touch()?;
        self.file.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // These fail only if somebody else has been there.
        let _ = match &self.growing {
            Growing::Beside(path) => fs::remove_file(path),
            Growing::InPlace => self.file.set_len(0),
            Growing::Untouched | Growing::Device | Growing::Done => Ok(()),
        };
    }
}

/// Where links lead in the end, to nothing too, as `open(2)` with `O_CREAT` would find it.
pub(super) fn behind_links(target: &Path) -> PathBuf {
    if let Ok(there) = fs::canonicalize(target) {
        return there;
    }
    let mut path = target.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&path) else { break };
        // An absolute one replaces all of it.
        path = path.parent().map(|folder| folder.join(&next)).unwrap_or(next);
    }
    path
}

/// What a new file takes over from the one whose place it is to take.
pub(super) fn inherit(new: &File, target: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(target) {
        Err(error) if !may_be_replaced(&error) => Err(error),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => new.set_permissions(fs::metadata(target)?.permissions()),
    }
}

/// Whether what can't be opened for writing may be replaced nevertheless: there is nothing, or a program that runs.
fn may_be_replaced(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ExecutableFileBusy)
}

/// Whether the folder, rather than the name or the disk, forbids a new file.
fn is_lack_of_rights(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}
