//! Tests in namespaces of their own, where the system's files, its name and its network are theirs.

use std::{env, fs, os::unix::fs::MetadataExt, process::Command};

use crate::support::peer;

/// Runs an ignored test of this binary in new namespaces (`--mount`, `--uts`, `--net`), after a shell command that sets
/// them up. Says that it was skipped where the system doesn't allow namespaces, as in most containers; where `CI=true`
/// it fails instead, unless they are forbidden even to root.
pub(super) fn in_namespace(kinds: &[&str], setup: &str, test: &str) {
    let Some(unshare) = peer("unshare") else { return };
    let shell = |script: &str| {
        let mut command = Command::new(&unshare);
        // Plain users may do so within a namespace of users.
        command.args(["--user", "--map-root-user"]).args(kinds).args(["sh", "-c", script]);
        command.arg(env::current_exe().unwrap()).args(["--exact", test, "--ignored", "--nocapture"]);
        // Its messages in English, for `is_forbidden_to_root`.
        command.env("LC_ALL", "C").output().unwrap()
    };
    let allowed = shell(setup);
    if !allowed.status.success() {
        let reason = String::from_utf8_lossy(&allowed.stderr).trim().to_owned();
        let excused = env::var("CI").as_deref() != Ok("true") || is_forbidden_to_root(&reason);
        assert!(excused, "no namespaces here: {reason}");
        eprintln!("skipped: no namespaces here: {reason}");
        return;
    }
    let output = shell(&format!("{setup} && exec \"$0\" \"$@\""));
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// EPERM, or EACCES of a container's own rules; a plain user may lack a setting only.
fn is_forbidden_to_root(reason: &str) -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    is_root && ["Operation not permitted", "ermission denied"].iter().any(|text| reason.contains(text))
}
