//! The `sockeye` command, as a user calls it.

mod ask;
mod files;
mod get;
mod help;
mod parts;
mod proxy;
mod serve;
mod several;
mod timing;
mod who;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::support::{Scripted, Turn, peer};

/// The command with these arguments.
fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments);
    command
}

/// `sockeye get`, run in that folder.
fn get_in(folder: &Path, arguments: &[&str]) -> Output {
    sockeye(&["get"]).args(arguments).current_dir(folder).output().unwrap()
}

/// Connections that each get one of these answers.
fn answers(answers: &[&str]) -> Scripted {
    let turn = |answer: &&str| vec![Turn::Until("\r\n\r\n"), Turn::Send((*answer).into())];
    Scripted::new(answers.iter().map(turn).collect())
}

/// Whether these are all files in that folder, with their contents.
#[track_caller]
fn check_files(folder: &Path, files: &[(&str, &str)]) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = names.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    found.sort();
    let files: Vec<_> = files.iter().map(|(name, text)| (folder.join(name), (*text).to_owned())).collect();
    assert_eq!(found, files);
}

/// The command run by a user who may not do everything: this one, or nobody if this is root.
struct Unprivileged {
    /// A copy that anybody may run: the build's may stand in a folder that others can't enter.
    copy: Option<(TempDir, PathBuf)>,
}

impl Unprivileged {
    /// `None` where root can't become nobody.
    fn new() -> Option<Unprivileged> {
        // Who may do everything may read what nobody may.
        let secret = folder_of_mode(0);
        if fs::read_dir(secret.path()).is_err() {
            return Some(Unprivileged { copy: None });
        }
        let (setpriv, folder) = (peer("setpriv")?, folder_of_mode(0o755));
        // Not copied by this process: another test's fork could hold the copy open for writing when it is to be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_sockeye")).arg(folder.path()).status();
        assert!(copied.unwrap().success());
        Some(Unprivileged { copy: Some((folder, setpriv)) })
    }

    fn sockeye(&self, arguments: &[&str]) -> Command {
        let Some((folder, setpriv)) = &self.copy else { return sockeye(arguments) };
        let mut command = Command::new(setpriv);
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        command.arg(folder.path().join("sockeye")).args(arguments);
        command
    }
}

/// A folder that goes away by itself, with these rights.
fn folder_of_mode(mode: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), mode);
    folder
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn help_and_version() {
    let version = sockeye(&["--version"]).output().unwrap();
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("sockeye {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = sockeye(&["--help"]).output().unwrap();
    assert!(help.stdout.starts_with(b"Serve a folder over HTTP, or fetch a URL"), "{help:?}");
    let help = sockeye(&["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for word in ["--bind", "--directory", "[default: 8000]"] {
        assert!(help.contains(word), "{help}");
    }
    // Nothing, and nonsense, are usage errors.
    for arguments in [&[][..], &["swim"], &["serve", "--swim"], &["serve", "70000"], &["serve", "eighty"]] {
        assert_eq!(sockeye(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}
