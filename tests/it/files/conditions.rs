//! Conditional requests and ranges.

use super::site::Site;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

/// A site with `/file.txt`, ten kilobytes of digits, and its tag.
fn site() -> (Site, String, String) {
    let site = Site::new();
    let contents: String = (0..1000).map(|n| format!("{n:09}\n")).collect();
    site.file("file.txt", &contents);
    let tag = site.get("/file.txt").expect(200).header("ETag").unwrap().to_owned();
    (site, contents, tag)
}

#[test]
fn a_copy_that_is_still_good() {
    let (site, contents, tag) = site();
    let weak = format!("W/{tag}");
    for fields in [
        [("If-None-Match", &*tag)],
        [("If-None-Match", &weak)],
        [("If-None-Match", "*")],
        [("If-Modified-Since", DATE)],
    ] {
        for method in ["GET", "HEAD"] {
            let answer = site.ask(method, "/file.txt", &fields).expect(304);
            assert_eq!(answer.body, b"", "{fields:?}");
            assert_eq!(answer.header("ETag"), Some(&*tag));
            assert_eq!(answer.header("Last-Modified"), Some(DATE));
            assert_eq!(answer.header("Content-Type"), None);
        }
    }
    for fields in [
        [("If-None-Match", "\"other\"")],
        [("If-Modified-Since", BEFORE)],
        [("If-Match", &*tag)],
        [("If-Match", "*")],
        [("If-Unmodified-Since", DATE)],
    ] {
        assert_eq!(site.get_with("/file.txt", &fields).expect(200).text(), contents, "{fields:?}");
    }
    for fields in [[("If-Match", "\"other\"")], [("If-Match", &*weak)], [("If-Unmodified-Since", BEFORE)]] {
        site.get_with("/file.txt", &fields).expect(412);
    }
}

#[test]
fn a_changed_file_has_another_tag() {
    let (site, contents, tag) = site();
    site.file("file.txt", contents + "more");
    let longer = site.get_with("/file.txt", &[("If-None-Match", &tag)]).expect(200);
    assert_ne!(longer.header("ETag"), Some(&*tag));
    let path = site.root().join("file.txt");
    super::site::set_modified(&path, 784_111_778);
    let later = site.get("/file.txt").expect(200);
    assert_ne!(later.header("ETag"), longer.header("ETag"));
}

#[cfg(feature = "media-types")]
#[track_caller]
fn check_part(answer: super::site::Answer, contents: &str, range: std::ops::Range<usize>) {
    let answer = answer.expect(206);
    assert_eq!(answer.text(), &contents[range.clone()]);
    let expected = format!("bytes {}-{}/{}", range.start, range.end - 1, contents.len());
    assert_eq!(answer.header("Content-Range"), Some(&*expected));
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
}

#[cfg(feature = "media-types")]
#[test]
fn one_part() {
    let (site, contents, tag) = site();
    let get = |range: &str| site.get_with("/file.txt", &[("Range", range)]);
    check_part(get("bytes=0-0"), &contents, 0..1);
    check_part(get("bytes=10-29"), &contents, 10..30);
    check_part(get("bytes=9990-"), &contents, 9990..10_000);
    check_part(get("bytes=-7"), &contents, 9993..10_000);
    check_part(get("bytes=9000-99999999999999999999"), &contents, 9000..10_000);
    check_part(get("bytes=0-,0-,0-"), &contents, 0..10_000);
    for no_range in ["bytes=2-1", "lines=1-2", "bytes=", "bytes=a-b"] {
        assert_eq!(get(no_range).expect(200).text(), contents, "{no_range}");
    }
    for unsatisfiable in ["bytes=10000-", "bytes=-0", "bytes=18446744073709551615-18446744073709551615"] {
        assert_eq!(get(unsatisfiable).expect(416).header("Content-Range"), Some("bytes */10000"));
    }
    let if_range = |value: &str| site.get_with("/file.txt", &[("Range", "bytes=1-2"), ("If-Range", value)]);
    check_part(if_range(&tag), &contents, 1..3);
    check_part(if_range(DATE), &contents, 1..3);
    for other in ["\"other\"", BEFORE] {
        assert_eq!(if_range(other).expect(200).text(), contents);
    }
    // Ranges are for GET alone, and come after the conditions.
    site.ask("HEAD", "/file.txt", &[("Range", "bytes=0-1")]).head.starts_with("HTTP/1.1 200");
    site.get_with("/file.txt", &[("Range", "bytes=0-1"), ("If-None-Match", &tag)]).expect(304);
}

#[cfg(feature = "media-types")]
#[test]
fn several_parts() {
    let (site, contents, _) = site();
    let answer = site.get_with("/file.txt", &[("Range", "bytes=100-199, 0-9, -10")]).expect(206);
    assert_eq!(answer.header("Content-Range"), None);
    let boundary =
        answer.header("Content-Type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |from: usize, to: usize| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Range: bytes {from}-{}/10000\r\n\r\n{}",
            to - 1,
            &contents[from..to]
        )
    };
    let expected = part(100, 200) + &part(0, 10) + &part(9990, 10_000) + &format!("\r\n--{boundary}--\r\n");
    assert_eq!(answer.text(), expected);
}

#[cfg(feature = "media-types")]
#[test]
fn an_answer_is_never_much_longer_than_the_file() {
    let (site, contents, _) = site();
    let overlapping = format!("bytes={}", "0-9999,".repeat(32));
    check_part(site.get_with("/file.txt", &[("Range", &overlapping)]), &contents, 0..10_000);
    let many = format!("bytes={}", (0..33).map(|n| format!("{0}-{0},", n * 200)).collect::<String>());
    assert_eq!(site.get_with("/file.txt", &[("Range", &many)]).expect(200).text(), contents);
}
