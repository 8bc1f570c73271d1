//! Tests in namespaces of their own, where the system's files, its name and its network are theirs.

use std::{
    env, fs, net::UdpSocket, os::unix::fs::MetadataExt, process::Command, sync::mpsc, thread, time::Duration,
};

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

/// What [`name_server`] says that every address is called.
pub(super) const NAME: &str = "name.example";

/// In a network of its own, a server of names for as long as the process lives. It answers each question after that
/// time: every name has the one address 127.0.0.1, every address the name [`NAME`], for which those with `www` stand.
pub(super) fn name_server(takes: Duration) {
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((n, from)) = socket.recv_from(&mut question) {
            let answer = answer_to(&question[..n]);
            let socket = socket.try_clone().unwrap();
            thread::spawn(move || {
                let (_here, nobody) = mpsc::channel::<()>();
                let _ = nobody.recv_timeout(takes);
                socket.send_to(&answer, from).unwrap();
            });
        }
    });
}

/// RFC 1035, §4.
fn answer_to(question: &[u8]) -> Vec<u8> {
    const HEAD: usize = 12;
    const POINTER_TO_THE_NAME: u8 = HEAD as u8;
    const A: u8 = 1;
    const CNAME: u8 = 5;
    const PTR: u8 = 12;
    let name = HEAD + question[HEAD..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let kind = question[name + 1];
    let main = NAME.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
    let (main, asked): (Vec<u8>, _) = (main.chain([0]).collect(), &[0xc0, POINTER_TO_THE_NAME][..]);
    let records = match kind {
        A if question[HEAD..].starts_with(b"\x03www") => {
            vec![record(asked, CNAME, &main), record(&main, A, &[127, 0, 0, 1])]
        }
        A => vec![record(asked, A, &[127, 0, 0, 1])],
        PTR => vec![record(asked, PTR, &main)],
        _ => Vec::new(),
    };
    let mut answer = question[..2].to_vec();
    answer.extend_from_slice(&[0x81, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    // The question again: name, type, class.
    answer.extend_from_slice(&question[HEAD..name + 4]);
    answer.extend(records.concat());
    answer
}

fn record(owner: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    [owner, &[0, kind, 0, 1, 0, 0, 0, 0, 0, data.len() as u8], data].concat()
}

/// EPERM, or EACCES of a container's own rules; a plain user may lack a setting only.
fn is_forbidden_to_root(reason: &str) -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    is_root && ["Operation not permitted", "ermission denied"].iter().any(|text| reason.contains(text))
}
