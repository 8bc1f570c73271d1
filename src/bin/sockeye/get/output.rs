//! [`Output`]: where the page goes. A file is written beside its place and moved there when it is complete; in its
//! place only where its folder can't be written to.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process,
};

use super::{failure::Failure, sum::Sum};

/// How many links may lead to a file, as in Linux.
const MAX_LINKS: usize = 40;

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

/// A file that isn't complete. Dropping it takes away what was written.
#[derive(Debug)]
pub(super) struct Partial {
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
    /// In the target. Half a page must not look like a whole one, so it is emptied if it breaks off; only a process
    /// that is killed can't do that.
    InPlace,
    /// No more: it is complete.
    Done,
}

impl Output {
    /// `None` is standard output.
    pub(super) fn open(target: Option<&Path>) -> Result<Output, Failure> {
        let Some(target) = target else { return Ok(Output::Stdout) };
        match fs::metadata(target) {
            // Of a folder that is there the system says so.
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(target);
                let file = file.map_err(|error| Failure::of_writing(Some(target), error))?;
                Ok(Output::Device(file, target.to_owned()))
            }
            Ok(there) => Partial::open(target, Some(there)).map(Output::File),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_folder_name(target) => {
                Err(Failure::Place(format!(
                    "there is no folder {0}; --output takes a file's name, such as {0}page",
                    target.display()
                )))
            }
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) =>
            {
                Partial::open(target, None).map(Output::File)
            }
            // Links in a circle, a name that is too long.
            Err(error) => Err(Failure::of_writing(Some(target), error)),
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
            Output::Device(file, name) => (file.write_all(bytes), Some(name.as_path())),
            Output::File(partial) => (partial.write(bytes), Some(partial.target.as_path())),
        };
        written.map_err(|error| Failure::of_writing(name, error))
    }

    /// All was written: a file takes its place, if it has that checksum.
    pub(super) fn complete(self, sum: Option<Sum>) -> Result<(), Failure> {
        match self {
            Output::File(partial) => partial.complete(sum),
            _ if sum.is_some() => Err(Failure::Usage(
                "only a regular file can be checked by --sha256: name one with --output".to_owned(),
            )),
            Output::Stdout => io::stdout().lock().flush().map_err(|error| Failure::of_writing(None, error)),
            Output::Device(mut file, name) => {
                file.flush().map_err(|error| Failure::of_writing(Some(&name), error))
            }
        }
    }
}

impl Partial {
    fn open(target: &Path, there: Option<Metadata>) -> Result<Partial, Failure> {
        // A link keeps leading to the file that is replaced, or made.
        let real = fs::canonicalize(target).unwrap_or_else(|_| behind_links(target));
        let refused = |error| Failure::of_writing(Some(target), error);
        let Some(there) = there else { return Partial::beside(real).map_err(|error| lacking(target, error)) };
        let file = match OpenOptions::new().write(true).open(&real) {
            // Who may not write to it may not replace it either.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(refused(error)),
            // A program that runs can't be written to, but replaced.
            opened => opened,
        };
        match (Partial::beside(real.clone()), file) {
            (Ok(partial), _) => {
                partial.file.set_permissions(there.permissions()).map_err(refused)?;
                Ok(partial)
            }
            (Err(error), Ok(file)) if is_lack_of_rights(&error) => {
                Ok(Partial { file, growing: Growing::Untouched, target: real })
            }
            (Err(error), _) => Err(lacking(target, error)),
        }
    }

    /// Whether something may take the target's place, where there is a file: who may not write to it may not replace it
    /// either.
    pub(super) fn check(target: &Path) -> Result<(), Failure> {
        match OpenOptions::new().write(true).open(target) {
            // A program that runs can't be written to, but replaced.
            Err(error)
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ExecutableFileBusy) =>
            {
                Err(Failure::of_writing(Some(target), error))
            }
            _ => Ok(()),
        }
    }

    /// What is complete and is to take the target's place.
    pub(super) fn adopt(path: PathBuf, target: &Path) -> Result<Partial, Failure> {
        let refused = |error| Failure::of_writing(Some(target), error);
        let file = File::open(&path).map_err(refused)?;
        let real = fs::canonicalize(target).unwrap_or_else(|_| behind_links(target));
        let partial = Partial { file, growing: Growing::Beside(path), target: real };
        if let Ok(there) = fs::metadata(target) {
            partial.file.set_permissions(there.permissions()).map_err(refused)?;
        }
        Ok(partial)
    }

    /// In the same folder, so that moving it is one step that can't be seen half done.
    fn beside(target: PathBuf) -> io::Result<Partial> {
        let mut attempt = 0;
        loop {
            // Without the target's name, which may be as long as a name can be.
            let path = target.with_file_name(format!(".sockeye-{}-{attempt}.part", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Partial { file, growing: Growing::Beside(path), target }),
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.touch()?;
        self.file.write_all(bytes)
    }

    /// The file, to be written to at any place, and what it is called.
    pub(super) fn at_offsets(&mut self) -> Result<(&File, &Path), Failure> {
        self.touch().map_err(|error| Failure::of_writing(Some(&self.target), error))?;
        Ok((&self.file, &self.target))
    }

    /// Empties a file that is written in its place, once.
    fn touch(&mut self) -> io::Result<()> {
        if let Growing::Untouched = self.growing {
            self.file.set_len(0)?;
            self.growing = Growing::InPlace;
        }
        Ok(())
    }

    /// It takes its place, if it has that checksum.
    pub(super) fn complete(mut self, sum: Option<Sum>) -> Result<(), Failure> {
        let refused = |target: &Path, error| Failure::of_writing(Some(target), error);
        self.touch().map_err(|error| refused(&self.target, error))?;
        let path = match &self.growing {
            Growing::Beside(path) => path.as_path(),
            _ => &self.target,
        };
        if let Some(sum) = sum {
            let found = Sum::of(path).map_err(|error| refused(path, error))?;
            if found != sum {
                return Err(Failure::Sum { wanted: sum, found });
            }
        }
        if let Growing::Beside(path) = &self.growing {
            fs::rename(path, &self.target).map_err(|error| refused(&self.target, error))?;
        }
        self.growing = Growing::Done;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // These fail only if somebody else has been there.
        let _ = match &self.growing {
            Growing::Beside(path) => fs::remove_file(path),
            Growing::InPlace => self.file.set_len(0),
            Growing::Untouched | Growing::Done => Ok(()),
        };
    }
}

/// Where a link to nothing leads in the end, as `open(2)` with `O_CREAT` would find it; what isn't one, leads to
/// itself.
fn behind_links(target: &Path) -> PathBuf {
    let mut path = target.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&path) else { break };
        // An absolute one replaces all of it.
        path = path.parent().map(|folder| folder.join(&next)).unwrap_or(next);
    }
    path
}

/// Whether only a folder can have that name.
fn is_folder_name(target: &Path) -> bool {
    target.as_os_str().as_bytes().ends_with(b"/")
}

/// Whether the folder, rather than the name or the disk, forbids a new file.
fn is_lack_of_rights(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// A new file can't be made: most often that is due to the folder.
fn lacking(target: &Path, error: io::Error) -> Failure {
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
