//! The `sockeye` command, as a user calls it.

mod get;
mod serve;

use std::process::Command;

/// The command with these arguments.
fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments);
    command
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
