//! Compressed twins beside a file.

use super::site::{Site, set_modified};

/// The twins' contents needn't be compressed to be told apart.
fn site() -> Site {
    let site = Site::new();
    site.file("a.css", "plain");
    for suffix in ["gz", "br", "zst"] {
        site.file(&format!("a.css.{suffix}"), suffix);
    }
    site
}

#[track_caller]
fn check(site: &Site, accepted: &[(&str, &str)], text: &str, coding: Option<&str>) {
    let answer = site.get_with("/a.css", accepted).expect(200);
    assert_eq!((answer.text(), answer.header("Content-Encoding")), (text, coding), "{accepted:?}");
    assert_eq!(answer.header("Content-Type"), Some("text/css; charset=utf-8"));
    assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
}

#[test]
fn the_client_chooses() {
    let site = site();
    check(&site, &[], "plain", None);
    check(&site, &[("Accept-Encoding", "identity")], "plain", None);
    check(&site, &[("Accept-Encoding", "gzip")], "gz", Some("gzip"));
    check(&site, &[("Accept-Encoding", "gzip, deflate, br, zstd")], "br", Some("br"));
    check(&site, &[("Accept-Encoding", "gzip;q=1.0, br;q=0.1")], "gz", Some("gzip"));
    check(&site, &[("Accept-Encoding", "gzip"), ("Accept-Encoding", "zstd")], "zst", Some("zstd"));
    check(&site, &[("Accept-Encoding", "br;q=0, *")], "zst", Some("zstd"));
    // Asked for by its own name it is a file like any other.
    let itself = site.get_with("/a.css.gz", &[("Accept-Encoding", "gzip")]).expect(200);
    assert_eq!((itself.text(), itself.header("Content-Encoding")), ("gz", None));
    assert_eq!(itself.header("Content-Type"), Some("application/gzip"));
}

#[test]
fn each_has_a_tag_of_its_own() {
    let site = site();
    let gzip = ("Accept-Encoding", "gzip");
    let plain_tag = site.get("/a.css").header("ETag").unwrap().to_owned();
    let gzip_tag = site.get_with("/a.css", &[gzip]).header("ETag").unwrap().to_owned();
    assert_ne!(plain_tag, gzip_tag);
    let answer = site.get_with("/a.css", &[gzip, ("If-None-Match", &gzip_tag)]).expect(304);
    assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
    site.get_with("/a.css", &[gzip, ("If-None-Match", &plain_tag)]).expect(200);
    // Ranges are of what is sent.
    let part = site.get_with("/a.css", &[gzip, ("Range", "bytes=1-"), ("If-Range", &gzip_tag)]).expect(206);
    assert_eq!((part.text(), part.header("Content-Range")), ("z", Some("bytes 1-1/2")));
    assert_eq!(part.header("Content-Encoding"), Some("gzip"));
}

#[test]
fn a_leftover_does_not_count() {
    let site = site();
    for suffix in ["gz", "br"] {
        set_modified(&site.root().join(format!("a.css.{suffix}")), 784_111_776);
    }
    check(&site, &[("Accept-Encoding", "gzip, br, zstd")], "zst", Some("zstd"));
    check(&site, &[("Accept-Encoding", "gzip, br")], "plain", None);
}

#[test]
fn only_text_has_twins_and_only_if_wanted() {
    let site = Site::new();
    site.file("a.tar", "plain");
    site.file("a.tar.gz", "twin");
    let answer = site.get_with("/a.tar", &[("Accept-Encoding", "gzip")]).expect(200);
    assert_eq!((answer.text(), answer.header("Vary")), ("plain", None));

    let site = Site::with(|files| files.precompressed(false));
    site.file("a.css", "plain");
    site.file("a.css.gz", "twin");
    let answer = site.get_with("/a.css", &[("Accept-Encoding", "gzip")]).expect(200);
    assert_eq!((answer.text(), answer.header("Vary")), ("plain", None));
}

#[test]
fn an_index_page_has_twins_too() {
    let site = Site::new();
    site.file("index.html", "plain");
    site.file("index.html.br", "twin");
    let answer = site.get_with("/", &[("Accept-Encoding", "br")]).expect(200);
    assert_eq!((answer.text(), answer.header("Content-Encoding")), ("twin", Some("br")));
}
