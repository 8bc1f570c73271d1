use std::{fs, io::Read, os::unix::fs::symlink, process::Command};

use super::*;

/// A root with links of every kind, and something outside that nobody may get.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new() -> Tree {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("sub/deep")).unwrap();
        fs::create_dir(dir.path().join("outside")).unwrap();
        fs::write(dir.path().join("outside/secret"), "secret").unwrap();
        fs::write(root.join("file"), "file").unwrap();
        fs::write(root.join("sub/deep/file"), "deep").unwrap();
        for (target, link) in [
            ("file", "to-file"),
            ("sub", "to-sub"),
            ("../file", "sub/up"),
            ("../../file", "sub/deep/up-up"),
            ("../root/file", "out-and-in"),
            ("../outside/secret", "out"),
            ("../outside", "out-folder"),
            ("to-file", "to-link"),
            ("out", "to-out"),
            (".", "here"),
            ("loop-b", "loop-a"),
            ("loop-a", "loop-b"),
            ("nowhere", "dangling"),
            ("..", "parent"),
            ("/", "slash"),
            ("/etc/passwd", "passwd"),
            ("/proc/self/root", "magic"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        symlink(root.join("sub/deep/file"), root.join("absolute")).unwrap();
        symlink(root.join("sub/../../outside/secret"), root.join("absolute-out")).unwrap();
        symlink(&root, dir.path().join("root-link")).unwrap();
        Tree { dir }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }
}

/// What is read there, by the kernel's rule and by the walk, which must agree.
fn read(root: &Root<'_>, path: &str) -> Result<String> {
    let text = |mut file: File| {
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| text)
    };
    let read = root.read(path.as_bytes());
    if root.links != Symlinks::Follow {
        let walked = root.walk(path.as_bytes());
        assert_eq!(read.is_ok(), walked.is_ok(), "{path}: {read:?}, {walked:?}");
        if let Err(error) = walked {
            assert!(sys::is_absence(&error), "{path}: {error:?}");
        }
    }
    let file = read?;
    if file.metadata()?.is_dir() { Ok("folder".into()) } else { Ok(text(file)?) }
}

#[track_caller]
fn check(root: &Root<'_>, path: &str, expected: Option<&str>) {
    match (read(root, path), expected) {
        (Ok(text), Some(expected)) => assert_eq!(text, expected, "{path}"),
        (Err(error), None) => assert!(sys::is_absence(&error), "{path}: {error:?}"),
        (found, expected) => panic!("{path}: {found:?}, expected {expected:?}"),
    }
}

const PLAIN: [(&str, Option<&str>); 8] = [
    (".", Some("folder")),
    ("file", Some("file")),
    ("sub", Some("folder")),
    ("sub/deep/file", Some("deep")),
    ("nowhere", None),
    ("nowhere/file", None),
    ("file/x", None),
    ("loop-a", None),
];

#[test]
fn inside_follows_what_stays_inside() {
    let tree = Tree::new();
    for path in [tree.root(), tree.dir.path().join("root-link")] {
        let root = Root::open(&path, Symlinks::Inside).unwrap();
        for (path, expected) in PLAIN {
            check(&root, path, expected);
        }
        for (path, expected) in [
            ("to-file", Some("file")),
            ("to-link", Some("file")),
            ("to-sub/deep/file", Some("deep")),
            ("to-sub/up", Some("file")),
            ("sub/deep/up-up", Some("file")),
            ("here/here/sub/up", Some("file")),
            ("absolute", Some("deep")),
            ("here", Some("folder")),
            // Out, and in again: what is outside isn't for us to walk through.
            ("out-and-in", None),
            ("out", None),
            ("to-out", None),
            ("out-folder", None),
            ("out-folder/secret", None),
            ("parent", None),
            ("parent/outside/secret", None),
            ("slash", None),
            ("slash/etc/passwd", None),
            ("passwd", None),
            ("magic", None),
            ("magic/etc/passwd", None),
            ("absolute-out", None),
            ("dangling", None),
        ] {
            check(&root, path, expected);
        }
    }
}

#[test]
fn deny_follows_none() {
    let tree = Tree::new();
    // The root itself may be a link.
    let path = tree.dir.path().join("root-link");
    let root = Root::open(&path, Symlinks::Deny).unwrap();
    for (path, expected) in PLAIN {
        check(&root, path, expected);
    }
    for path in ["to-file", "to-sub", "to-sub/deep/file", "sub/up", "here", "out", "absolute", "passwd"] {
        check(&root, path, None);
    }
}

#[test]
fn follow_follows_all() {
    let tree = Tree::new();
    let path = tree.root();
    let root = Root::open(&path, Symlinks::Follow).unwrap();
    for (path, expected) in PLAIN {
        check(&root, path, expected);
    }
    check(&root, "out", Some("secret"));
    check(&root, "out-folder/secret", Some("secret"));
    check(&root, "absolute-out", Some("secret"));
    check(&root, "dangling", None);
}

#[test]
fn links_are_counted() {
    let tree = Tree::new();
    let path = tree.root();
    for step in 0..50 {
        symlink(format!("step-{}", step + 1), path.join(format!("step-{step}"))).unwrap();
    }
    fs::write(path.join("step-50"), "end").unwrap();
    let root = Root::open(&path, Symlinks::Inside).unwrap();
    check(&root, "step-10", Some("end"));
    check(&root, "step-9", None);
}

/// Nobody writes to the FIFO: opening it as usual would wait for ever.
#[test]
fn a_fifo_is_opened_without_waiting() {
    let tree = Tree::new();
    let path = tree.root();
    assert!(Command::new("mkfifo").arg(path.join("fifo")).status().unwrap().success());
    for links in [Symlinks::Follow, Symlinks::Inside, Symlinks::Deny] {
        let root = Root::open(&path, links).unwrap();
        let file = root.read(b"fifo").unwrap();
        assert_eq!(sys::fstat(file.as_fd()).unwrap().kind, FileKind::Other);
        let walked = root.walk(b"fifo").unwrap();
        assert_eq!(sys::fstat(walked.as_fd()).unwrap().kind, FileKind::Other);
        let folder = root.read(b".").unwrap();
        assert_eq!(root.status_of(&folder, b".", c"fifo"), None);
    }
}

#[test]
fn entries_behind_links_are_judged_like_requests() {
    let tree = Tree::new();
    let path = tree.root();
    let kind = |links, name: &std::ffi::CStr| {
        let root = Root::open(&path, links).unwrap();
        let folder = root.read(b".").unwrap();
        root.status_of(&folder, b".", name).map(|status| status.kind)
    };
    use {FileKind::*, Symlinks::*};
    for (name, follow, inside, deny) in [
        (c"file", Some(File), Some(File), Some(File)),
        (c"sub", Some(Folder), Some(Folder), Some(Folder)),
        (c"to-file", Some(File), Some(File), None),
        (c"to-sub", Some(Folder), Some(Folder), None),
        (c"absolute", Some(File), Some(File), None),
        (c"out", Some(File), None, None),
        (c"out-folder", Some(Folder), None, None),
        (c"dangling", None, None, None),
        (c"loop-a", None, None, None),
        (c"nowhere", None, None, None),
    ] {
        assert_eq!(
            (kind(Follow, name), kind(Inside, name), kind(Deny, name)),
            (follow, inside, deny),
            "{name:?}"
        );
    }
}

#[test]
fn names_that_no_file_can_have() {
    let tree = Tree::new();
    let path = tree.root();
    let root = Root::open(&path, Symlinks::Inside).unwrap();
    check(&root, &"x".repeat(300), None);
    check(&root, &"x/".repeat(3000), None);
    check(&root, "a\0b", None);
    assert_eq!(
        Root::open(Path::new("/nowhere/at all"), Symlinks::Inside).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}
