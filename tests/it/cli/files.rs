//! Files of `sockeye get`: going on with one, and checksums.

use std::{
    fs,
    process::{Command, Output},
};

use super::{answers, check_files, get_in};
use crate::support::peer;

/// That of `hello world`.
const SUM: &str = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
/// That of `hello`.
const OTHER_SUM: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const PAGE: &str = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 11\r\n\r\nhello world";
const CUT: &str = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 11\r\n\r\nhello ";
const REST: &str = "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 6-10/11\r\n\
    Content-Length: 5\r\n\r\nworld";

#[track_caller]
fn check(output: &Output, code: i32, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(stderr) && (code != 0 || said.is_empty()), "{said}");
}

#[test]
fn a_download_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("f"), "before").unwrap();
    let server = answers(&[CUT, REST]);
    let url = server.url("/f");
    check(&get_in(folder, &["-c", "-O", &url]), 1, "after 6 bytes");
    let note = format!("{url}\n\"v1\"\n11\n");
    check_files(folder, &[("f", "before"), ("f.sockeye.part", "hello "), ("f.sockeye.part.from", &note)]);
    check(&get_in(folder, &["--continue", "-o", "f", "--sha256", SUM, &url]), 0, "");
    check_files(folder, &[("f", "hello world")]);
    let heard = server.heard();
    assert!(
        heard[1].contains("range: bytes=6-\r\n") && heard[1].contains("if-range: \"v1\"\r\n"),
        "{heard:?}"
    );
    // Another version is fetched anew, and so is what never broke off.
    let server = answers(&[CUT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"]);
    check(&get_in(folder, &["-c", "-o", "f", &server.url("/f")]), 1, "after 6 bytes");
    check(&get_in(folder, &["-c", "-o", "f", &server.url("/f")]), 0, "");
    check_files(folder, &[("f", "new")]);
    check(&get_in(folder, &["-c", "-o", "f", &answers(&[PAGE]).url("/f")]), 0, "");
    check_files(folder, &[("f", "hello world")]);
}

#[test]
fn a_part_that_is_cut_is_no_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let range = "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 6-10/11\r\n";
    let [short, long] = ["wo", "worldXYZ"].map(|part| format!("{range}Connection: close\r\n\r\n{part}"));
    let server = answers(&[CUT, &long, &short]);
    let (url, note) = (server.url("/f"), format!("{}\n\"v1\"\n11\n", server.url("/f")));
    for (said, waits) in
        [("after 6 bytes", "hello "), ("more than its range", "hello "), ("ended 3 bytes early", "hello wo")]
    {
        check(&get_in(folder, &["-c", "-o", "f", &url]), 1, said);
        check_files(folder, &[("f.sockeye.part", waits), ("f.sockeye.part.from", &note)]);
    }
}

#[test]
fn what_goes_on_is_no_error_page_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (answer, code, said) in [
        ("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone", 4, "404 No\nnone"),
        ("HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nelse", 3, "a redirect that doesn't say where to"),
        ("HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\npart", 1, "sent a part"),
    ] {
        check(&get_in(folder, &["-c", "-o", "f", &answers(&[answer]).url("/")]), code, said);
        check_files(folder, &[]);
    }
    fs::create_dir(folder.join("d")).unwrap();
    check(&get_in(folder, &["-c", "-o", "d", "http://127.0.0.1:1/"]), 1, "sockeye: d is a folder;");
}

#[test]
fn a_file_with_another_checksum_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = format!("its SHA-256 is {SUM} instead of {OTHER_SUM}: it wasn't kept\n");
    for way in [&["-o", "f"][..], &["-o", "f", "-c"]] {
        let url = answers(&[PAGE]);
        check(&get_in(folder, &[way, &["--sha256", OTHER_SUM, &url.url("/f")]].concat()), 6, &said);
        check_files(folder, &[]);
    }
    fs::write(folder.join("f"), "before").unwrap();
    check(&get_in(folder, &["-O", "--sha256", OTHER_SUM, &answers(&[PAGE]).url("/f")]), 6, &said);
    check_files(folder, &[("f", "before")]);
    // One for each URL, in capitals too.
    let server = answers(&[PAGE, PAGE]);
    let (f, g) = (server.url("/f"), server.url("/g"));
    let sums = ["--sha256", &SUM.to_uppercase(), "--sha256", OTHER_SUM];
    check(&get_in(folder, &[&["-O", &f, &g][..], &sums].concat()), 6, &format!("get {g}: its SHA-256"));
    check_files(folder, &[("f", "hello world")]);
}

#[test]
fn checksums_are_those_of_others() {
    let Some(sha256sum) = peer("sha256sum") else { return };
    let folder = tempfile::tempdir().unwrap();
    // More than is read at once.
    let big: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let source = folder.path().join("big");
    fs::write(&source, &big).unwrap();
    let said = Command::new(sha256sum).arg(&source).output().unwrap();
    let sum = String::from_utf8(said.stdout).unwrap()[..64].to_owned();
    let url = format!("file://{}", source.display());
    check(&get_in(folder.path(), &["-o", "copy", "--sha256", &sum, &url]), 0, "");
    assert_eq!(fs::read(folder.path().join("copy")).unwrap(), big);
}

#[test]
fn what_needs_a_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["-c"][..], "--continue goes on with a file: name one with --output"),
        (&["-c", "-o", "/dev/null"], "--continue goes on with a file"),
        (&["--sha256", SUM], "--sha256 checks a file before it is kept: name one"),
        (&["--sha256", SUM, "-o", "-"], "--sha256 checks a file"),
        (&["--sha256", SUM, "--sha256", SUM, "-o", "f"], "1 URL and 2 --sha256: give one for each"),
        (&["--sha256", "d41d8cd98f00b204e9800998ecf8427e", "-o", "f"], "of 32 it is another kind"),
        (&["--sha256", "", "-o", "f"], "a SHA-256 has 64 hexadecimal digits"),
        (&["--sha256", &SUM.replace('b', "é"), "-o", "f"], "a SHA-256 has 64 hexadecimal digits"),
        (&["-c", "-d", "x", "-o", "f"], "cannot be used with"),
        (&["-c", "-H", "Range: bytes=1-", "-o", "f"], "only a plain GET can be resumed"),
    ] {
        let output = get_in(folder.path(), &[arguments, &["http://127.0.0.1:1/"]].concat());
        check(&output, 2, said);
    }
    check_files(folder.path(), &[]);
    // A part that was asked for is what is wanted.
    let part = REST.replace("206 Partial Content", "206 P");
    let output = get_in(folder.path(), &["-H", "Range: bytes=6-", &answers(&[&part]).url("/")]);
    check(&output, 0, "");
    assert_eq!(output.stdout, b"world");
}
