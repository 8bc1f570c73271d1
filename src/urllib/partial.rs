//! [`Partial`]: a file that appears, or is replaced, in one step when it is complete.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

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

/// A file that isn't complete; dropping it takes it away.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) file: File,
    path: PathBuf,
    target: PathBuf,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Growing,
    Done,
}

impl Partial {
    /// In the same folder as its target, so that moving it is one step. A link keeps leading to the file that is
    /// replaced, or made.
    pub(super) fn beside(target: &Path, readers: Readers) -> io::Result<Partial> {
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
                Ok(file) => return Ok(Partial { file, path, target, state: State::Growing }),
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// It takes its place.
    pub(super) fn complete(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        self.state = State::Done;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.state == State::Growing {
            // Fails only if somebody else has been there.
            let _ = fs::remove_file(&self.path);
        }
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

/// What a new file takes over from the one whose place it is to take. Who may not write to that may not replace it
/// either; a program that runs can't be written to, but replaced.
pub(super) fn inherit(new: &File, target: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(target) {
        Ok(there) => new.set_permissions(there.metadata()?.permissions()),
        Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
            new.set_permissions(fs::metadata(target)?.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
