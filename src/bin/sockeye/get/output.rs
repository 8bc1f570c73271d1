//! [`Output`]: where the page goes. A file is written beside its place and moved there when it is complete; in its
//! place only where its folder can't be written to.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use sockeye::{Error, urllib::PartialFile};

use super::{failure::Failure, sum::Sum};

/// Where the page goes.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    File(PartialFile),
}

/// Whether somebody reads the page as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Yes,
    No,
}

impl Output {
    /// `None` is standard output.
    pub(super) fn open(target: Option<&Path>) -> Result<Output, Failure> {
        let Some(target) = target else { return Ok(Output::Stdout) };
        match fs::metadata(target).map_err(|error| error.kind()) {
            Ok(_) => check(target)?,
            Err(io::ErrorKind::NotFound) if is_folder_name(target) => {
                return Err(Failure::Place(format!(
                    "there is no folder {0}; --output takes a file's name, such as {0}page",
                    target.display()
                )));
            }
            Err(_) => {}
        }
        PartialFile::create_or_overwrite(target).map(Output::File).map_err(|error| lacking(target, error))
    }

    pub(super) fn is_seen(&self) -> Seen {
        match self {
            Output::Stdout if io::stdout().is_terminal() => Seen::Yes,
            _ => Seen::No,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Output::Stdout => {
                io::stdout().lock().write_all(bytes).map_err(|error| Failure::of_writing(None, error))
            }
            Output::File(partial) => {
                let written = partial.write_all(bytes);
                written.map_err(|error| Failure::of_writing(Some(partial.target()), error))
            }
        }
    }

    /// All was written: a file takes its place, if it has that checksum.
    pub(super) fn complete(self, sum: Option<Sum>) -> Result<(), Failure> {
        match self {
            Output::File(partial) => complete(partial, sum),
            Output::Stdout if sum.is_some() => Err(nothing_to_check()),
            Output::Stdout => io::stdout().lock().flush().map_err(|error| Failure::of_writing(None, error)),
        }
    }
}

/// Whether something may take that place.
pub(super) fn check(target: &Path) -> Result<(), Failure> {
    PartialFile::check(target).map_err(|error| Failure::of_writing(Some(target), error))
}

/// It takes its place, if it has that checksum.
pub(super) fn complete(mut partial: PartialFile, sum: Option<Sum>) -> Result<(), Failure> {
    let target = partial.target().to_owned();
    let refused = |error: Error| Failure::of_writing(Some(&target), error);
    // Of nothing too what was there before must go, where it is overwritten.
    partial.file().map_err(refused)?;
    if let Some(wanted) = sum {
        let path = partial.path().ok_or_else(nothing_to_check)?;
        let found = Sum::of(path).map_err(|error| Failure::of_writing(Some(path), error))?;
        if found != wanted {
            return Err(Failure::Sum { wanted, found });
        }
    }
    partial.complete().map_err(refused)
}

fn nothing_to_check() -> Failure {
    Failure::Usage("only a regular file can be checked by --sha256: name one with --output".to_owned())
}

/// Whether only a folder can have that name.
fn is_folder_name(target: &Path) -> bool {
    target.as_os_str().as_bytes().ends_with(b"/")
}

/// A new file can't be made: most often that is due to the folder.
fn lacking(target: &Path, error: Error) -> Failure {
    let error = io::Error::from(error);
    let folder = target.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = folder.display();
    Failure::Place(match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("no permission to make a file in the folder {folder}; name another place with --output")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("the folder {folder} is read-only; name another place with --output")
        }
        io::ErrorKind::NotFound => {
            format!("there is no folder {folder}; make it, or name another place with --output")
        }
        _ => return Failure::of_writing(Some(target), error),
    })
}
