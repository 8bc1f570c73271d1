//! Tests in namespaces of their own, where the system's files, its name and its network are theirs.

use std::{env, process::Command};

use crate::support::peer;

/// Runs an ignored test of this binary in new namespaces (`--mount`, `--uts`, `--net`), after a shell command that sets
/// them up. Says that it was skipped where the system doesn't allow namespaces, as in most containers.
pub(super) fn in_namespace(kinds: &[&str], setup: &str, test: &str) {
    let Some(unshare) = peer("unshare") else { return };
    let shell = |script: &str| {
        let mut command = Command::new(&unshare);
        // Plain users may do so within a namespace of users.
        command.args(["--user", "--map-root-user"]).args(kinds).args(["sh", "-c", script]);
        command.arg(env::current_exe().unwrap()).args(["--exact", test, "--ignored", "--nocapture"]);
        command.output().unwrap()
    };
    let allowed = shell(setup);
    if !allowed.status.success() {
        eprintln!("skipped: no namespaces here: {}", String::from_utf8_lossy(&allowed.stderr).trim());
        return;
    }
    let output = shell(&format!("{setup} && exec \"$0\" \"$@\""));
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
