//! Files, folders, index pages, listings.

use std::{
    ffi::OsStr,
    fs,
    io::{Read, Write},
    os::unix::ffi::OsStrExt,
};

use super::site::{Answer, Site};
use crate::support::connect;

#[cfg(feature = "media-types")]
#[test]
fn a_file_and_what_is_said_about_it() {
    let site = Site::new();
    site.file("a b/é.txt", "contents");
    for path in ["/a%20b/%C3%A9.txt", "/a%20b/%c3%a9.txt?query", "http://localhost/a%20b//./%C3%A9.txt"] {
        let answer = site.get(path).expect(200);
        assert_eq!(answer.text(), "contents");
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("Last-Modified"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(answer.header("Accept-Ranges"), Some("bytes"));
        assert!(answer.header("ETag").is_some_and(|tag| tag.starts_with('"') && tag.ends_with('"')));
        assert_eq!(answer.header("Vary"), None);
    }
    site.file("empty", "");
    let empty = site.get("/empty").expect(200);
    assert_eq!(empty.header("Content-Type"), Some("application/octet-stream"));
}

#[test]
fn a_request_that_comes_byte_by_byte() {
    let site = Site::new();
    site.file("a.txt", "contents");
    let whole =
        site.get_with("/a.txt", &[("Range", "bytes=-4"), ("If-Range", "Sun, 06 Nov 1994 08:49:37 GMT")]);
    let mut stream = connect(site.addr());
    stream.set_nodelay(true).unwrap();
    let request = "GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRange: bytes=-4\r\n\
                   If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";
    for byte in request.as_bytes() {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = Answer::parse(&bytes).expect(206);
    assert_eq!((answer.text(), whole.expect(206).text()), ("ents", "ents"));
}

#[test]
fn head_says_the_same_and_sends_nothing() {
    let site = Site::new();
    site.file("file.txt", "contents");
    for path in ["/file.txt", "/", "/nothing"] {
        let (get, head) = (site.get(path), site.ask("HEAD", path, &[]));
        assert_eq!(head.body, b"", "{path}");
        let said =
            |head: &str| head.lines().filter(|line| !line.starts_with("Date")).collect::<Vec<_>>().join("\n");
        assert_eq!(said(&head.head), said(&get.head), "{path}");
    }
}

#[test]
fn other_verbs_are_not_offered() {
    let site = Site::new();
    site.file("file.txt", "contents");
    for verb in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        site.ask(verb, "/file.txt", &[("Content-Length", "0")]).expect(501);
    }
    assert_eq!(fs::read(site.root().join("file.txt")).unwrap(), b"contents");
}

#[test]
fn what_is_not_there() {
    let site = Site::new();
    site.file("file.txt", "contents");
    for path in ["/nothing", "/nothing/", "/file.txt/", "/file.txt/x", "/file.txt%00", "/%2e%2e/file.txt"] {
        site.get(path).expect(404);
    }
    site.get(&format!("/{}", "x".repeat(300))).expect(404);
    fs::remove_dir_all(site.root()).unwrap();
    site.get("/").expect(404);
    site.file("file.txt", "again");
    assert_eq!(site.get("/file.txt").expect(200).text(), "again");
}

#[cfg(feature = "media-types")]
#[test]
fn index_pages() {
    let site = Site::new();
    site.file("a/index.htm", "htm");
    assert_eq!(site.get("/a/").expect(200).text(), "htm");
    site.file("a/index.html", "html");
    let answer = site.get("/a/").expect(200);
    assert_eq!((answer.text(), answer.header("Content-Type")), ("html", Some("text/html; charset=utf-8")));
    // A folder of that name is no page.
    site.file("b/index.html/file", "");
    assert_eq!(site.get("/b/").expect(200).hrefs(), ["../", "index.html/"]);

    let own = Site::with(|files| files.index_pages(["start.txt"]).listing(false));
    own.file("start.txt", "start");
    own.file("sub/index.html", "no index here");
    assert_eq!(own.get("/").expect(200).text(), "start");
    own.get("/sub/").expect(403);
}

#[test]
fn a_folder_is_redirected_to_its_one_place() {
    let site = Site::new();
    site.file("sub/evil.example/file.txt", "contents");
    for (path, location) in [
        ("/sub", "/sub/"),
        ("/sub?a=1&b=%2F", "/sub/?a=1&b=%2F"),
        ("/sub/evil.example", "/sub/evil.example/"),
        ("//sub", "/sub/"),
        ("//sub/", "/sub/"),
        ("/sub//evil.example/", "/sub/evil.example/"),
        ("/sub/.", "/sub/"),
        ("/./", "/"),
        ("///", "/"),
        ("/%73ub", "/sub/"),
        ("http://localhost/sub", "/sub/"),
    ] {
        let answer = site.get(path).expect(301);
        assert_eq!(answer.header("Location"), Some(location), "{path}");
    }
}

#[test]
fn no_redirect_leads_to_another_host() {
    let site = Site::new();
    fs::create_dir_all(site.root().join("evil.example")).unwrap();
    fs::create_dir_all(format!("{}/\\evil.example", site.root().display())).unwrap();
    fs::create_dir_all(site.root().join("a\r\nSet-Cookie: x")).unwrap();
    for (path, location) in [
        ("//evil.example", "/evil.example/"),
        ("///evil.example/.", "/evil.example/"),
        ("/.//evil.example", "/evil.example/"),
        ("/%5Cevil.example", "/%5Cevil.example/"),
        ("/\\evil.example", "/%5Cevil.example/"),
        ("/a%0D%0ASet-Cookie:%20x", "/a%0D%0ASet-Cookie%3A%20x/"),
    ] {
        let answer = site.get(path);
        // A raw backslash may be refused before.
        if answer.status != 400 {
            assert_eq!(answer.expect(301).header("Location"), Some(location), "{path}");
        }
    }
}

#[test]
fn every_name_of_a_listing_leads_to_its_file() {
    let site = Site::new();
    let names: [&[u8]; 12] = [
        b"plain.txt",
        b"with space",
        b"\xff\xfe not UTF-8",
        "é 日本語".as_bytes(),
        b"<b>&amp;\"'",
        b"a?b#c",
        b"100%41",
        b"javascript:alert(1)",
        b"back\\slash",
        b"new\nline",
        b"...",
        b".hidden",
    ];
    for name in names {
        fs::write(site.root().join(OsStr::from_bytes(name)), name).unwrap();
    }
    // One that can't be asked for isn't linked.
    fs::write(site.root().join("a\\..\\b"), "").unwrap();
    site.get("/a%5C..%5Cb").expect(404);
    fs::create_dir(site.root().join("a folder")).unwrap();
    let page = site.get("/").expect(200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    let hrefs = page.hrefs();
    assert_eq!(hrefs.len(), names.len() + 1);
    assert_eq!(hrefs[0], "a%20folder/", "folders come first");
    let mut found: Vec<Vec<u8>> =
        hrefs[1..].iter().map(|href| site.get(&format!("/{href}")).expect(200).body).collect();
    let mut expected = names.map(<[u8]>::to_vec);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(site.get("/a%20folder/").expect(200).hrefs(), ["../"]);
}

#[test]
fn own_media_types() {
    let site = Site::with(|files| files.extensions_map([("TXT", "text/x-own"), ("", "text/plain")]));
    site.file("a.txt", "");
    site.file("README", "");
    assert_eq!(site.get("/a.txt").expect(200).header("Content-Type"), Some("text/x-own"));
    assert_eq!(site.get("/README").expect(200).header("Content-Type"), Some("text/plain"));
}
