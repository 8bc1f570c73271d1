//! What must not be served, and what must not hold anybody up.

use std::{fs, os::unix::fs::symlink, os::unix::net::UnixListener, process::Command};

use sockeye::http::Symlinks;

use super::site::Site;

/// A site with links inside, and out to a secret.
fn linked(links: Symlinks) -> Site {
    let site = Site::with(|files| files.symlinks(links));
    site.file("sub/file.txt", "inside");
    fs::write(site.outside().join("secret"), "secret").unwrap();
    symlink("sub/file.txt", site.root().join("in")).unwrap();
    symlink("sub", site.root().join("in-folder")).unwrap();
    symlink("../secret", site.root().join("out")).unwrap();
    symlink("..", site.root().join("out-folder")).unwrap();
    symlink(site.root().join("sub/file.txt"), site.root().join("in-absolute")).unwrap();
    symlink("nowhere", site.root().join("dangling")).unwrap();
    site
}

fn check(site: &Site, open: &[(&str, &str)], closed: &[&str], listed: &[&str]) {
    for (path, text) in open {
        assert_eq!(site.get(path).expect(200).text(), *text, "{path}");
    }
    for path in closed {
        assert!(!site.get(path).expect(404).text().contains("secret"), "{path}");
    }
    assert_eq!(site.get("/").expect(200).hrefs(), listed);
}

#[test]
fn links_are_followed_as_far_as_they_stay_inside() {
    check(
        &linked(Symlinks::Inside),
        &[("/in", "inside"), ("/in-folder/file.txt", "inside"), ("/in-absolute", "inside")],
        &["/out", "/out-folder/", "/out-folder/secret", "/out-folder", "/dangling"],
        &["in-folder/", "sub/", "in", "in-absolute"],
    );
}

#[test]
fn links_are_followed_everywhere_if_so_wanted() {
    check(
        &linked(Symlinks::Follow),
        &[("/in", "inside"), ("/out", "secret"), ("/out-folder/secret", "secret")],
        &["/dangling"],
        &["in-folder/", "out-folder/", "sub/", "in", "in-absolute", "out"],
    );
}

#[test]
fn links_are_not_followed_if_so_wanted() {
    check(
        &linked(Symlinks::Deny),
        &[("/sub/file.txt", "inside")],
        &["/in", "/in-folder/file.txt", "/in-folder/", "/in-absolute", "/out", "/out-folder/secret"],
        &["sub/"],
    );
}

#[test]
fn no_path_leaves_the_root() {
    let site = Site::new();
    site.file("sub/file.txt", "inside");
    fs::write(site.outside().join("secret"), "secret").unwrap();
    for path in [
        "/../secret",
        "/sub/../../secret",
        "/%2e%2e/secret",
        "/%2E%2E%2Fsecret",
        "/sub/..%2f..%2fsecret",
        "/..%5csecret",
        "/sub/%2e%2e/%2e%2e/secret",
        "//../secret",
        "/.../../secret",
        "/%252e%252e/secret",
        "/sub/%00/../../secret",
        "/sub/../sub/file.txt",
        "http://localhost/../secret",
    ] {
        let answer = site.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.head);
        assert!(!answer.text().contains("inside"), "{path}");
    }
}

#[test]
fn only_files_are_served_and_nothing_waits() {
    let site = Site::with(|files| files.symlinks(Symlinks::Follow));
    let made = Command::new("mkfifo").arg(site.root().join("fifo")).status().unwrap();
    assert!(made.success());
    let _listener = UnixListener::bind(site.root().join("socket")).unwrap();
    symlink("/dev/zero", site.root().join("zero")).unwrap();
    symlink("/dev/tty", site.root().join("tty")).unwrap();
    for path in ["/fifo", "/socket", "/zero", "/tty", "/fifo/", "/zero/"] {
        site.get(path).expect(404);
        site.ask("HEAD", path, &[]);
    }
    assert!(!site.get("/").expect(200).text().contains("<ul>"), "none of them is listed");
}
