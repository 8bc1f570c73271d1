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
    /// replaced.
    pub(super) fn beside(target: &Path, readers: Readers) -> io::Result<Partial> {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
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
