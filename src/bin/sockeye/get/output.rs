//! [`Output`]: where the page goes. A file is written beside its place and moved there when it is complete.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process,
};

use super::Failure;

/// Where the page goes.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    /// Something that isn't a regular file, such as a FIFO or /dev/null: it can't be replaced.
    Device(File, PathBuf),
    File(Partial),
}

/// Whether somebody reads the page as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Yes,
    No,
}

/// A file that isn't complete. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Partial {
    file: File,
    /// Where it grows; `None` once it was moved to `target`.
    path: Option<PathBuf>,
    target: PathBuf,
}

impl Output {
    /// `None` and `-` are standard output.
    pub(super) fn open(target: Option<&Path>) -> Result<Output, Failure> {
        let Some(target) = target.filter(|target| *target != Path::new("-")) else {
            return Ok(Output::Stdout);
        };
        let refused = |error| Failure::Write(format!("write to {}", target.display()), error);
        match fs::metadata(target) {
            // Of a folder the system says so.
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(target).map_err(refused)?;
                Ok(Output::Device(file, target.to_owned()))
            }
            there => {
                // A link keeps leading to the file that is replaced.
                let real = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
                let partial = Partial::beside(real).map_err(refused)?;
                if let Ok(there) = there {
                    partial.file.set_permissions(there.permissions()).map_err(refused)?;
                }
                Ok(Output::File(partial))
            }
        }
    }

    pub(super) fn is_seen(&self) -> Seen {
        match self {
            Output::Stdout if io::stdout().is_terminal() => Seen::Yes,
            _ => Seen::No,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let (written, name) = match self {
            Output::Stdout => (io::stdout().lock().write_all(bytes), None),
            Output::Device(file, name) => (file.write_all(bytes), Some(&*name)),
            Output::File(partial) => (partial.file.write_all(bytes), Some(&partial.target)),
        };
        written.map_err(|error| failure(name, error))
    }

    /// All was written: a file takes its place.
    pub(super) fn complete(self) -> Result<(), Failure> {
        match self {
            Output::Stdout => io::stdout().lock().flush().map_err(|error| failure(None, error)),
            Output::Device(mut file, name) => file.flush().map_err(|error| failure(Some(&name), error)),
            Output::File(mut partial) => {
                if let Some(path) = &partial.path {
                    fs::rename(path, &partial.target)
                        .map_err(|error| failure(Some(&partial.target), error))?;
                }
                partial.path = None;
                Ok(())
            }
        }
    }
}

impl Partial {
    /// In the same folder, so that moving it is one step that can't be seen half done.
    fn beside(target: PathBuf) -> io::Result<Partial> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut attempt = 0;
        loop {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{attempt}.part", process::id()));
            let path = target.with_file_name(hidden);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Partial { file, path: Some(path), target }),
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // It fails only if somebody else removed it.
            let _ = fs::remove_file(path);
        }
    }
}

fn failure(name: Option<&PathBuf>, error: io::Error) -> Failure {
    match name {
        None if error.kind() == io::ErrorKind::BrokenPipe => Failure::Unread,
        None => Failure::Write("write to standard output".to_owned(), error),
        Some(name) => Failure::Write(format!("write to {}", name.display()), error),
    }
}
