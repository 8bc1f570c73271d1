//! `file:` and `data:` URLs.

use std::{
    fs::{self, File},
    io::Read,
    time::{Duration, UNIX_EPOCH},
};

use sockeye::{
    ErrorKind, Result,
    urllib::{FileHandler, Opener, Request, build_opener, quote},
};

use super::{fetch, hear, moved, one, text};

fn kind(url: &str) -> ErrorKind {
    fetch(url).unwrap_err().kind()
}

#[test]
fn a_file_is_read() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two words é.html");
    fs::write(&path, "<p>hello").unwrap();
    let url = format!("file://{}", quote(&path.display().to_string()));
    let response = Opener::new().open(&url)?;
    let headers = response.headers();
    assert_eq!((response.getcode(), response.bytes_left()), (200, Some(8)));
    let media = cfg!(feature = "media-types").then(|| "text/html".parse().unwrap());
    assert_eq!(
        (headers.get("content-type"), &headers["content-length"]),
        (media.as_ref(), &"8".parse().unwrap())
    );
    assert!(headers["last-modified"].to_str().unwrap().ends_with(" GMT"));
    assert_eq!(text(response)?, "<p>hello");
    assert_eq!(fetch(url.replace("file://", "file://localhost"))?, "<p>hello");
    let head = Opener::new().open(Request::new(&url)?.method("HEAD"))?;
    assert_eq!(head.headers()["content-length"], "8");
    assert_eq!(text(head)?, "");
    assert_eq!(
        Opener::new().open(Request::new(&url)?.data("x")).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let off = build_opener().add_handler(FileHandler::off()).build();
    assert_eq!(off.open(&url).unwrap_err().kind(), ErrorKind::Unsupported);
    Ok(())
}

/// No date of HTTP's is so early.
#[test]
fn a_file_from_before_1970_has_no_date() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    File::create(&path)?.set_modified(UNIX_EPOCH - Duration::from_secs(1))?;
    let response = Opener::new().open(format!("file://{}", path.display()))?;
    assert!(!response.headers().contains_key("last-modified"), "{:?}", response.headers());
    assert_eq!(text(response)?, "");
    Ok(())
}

#[test]
fn what_is_no_local_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    assert_eq!(kind(&format!("file://{path}")), ErrorKind::InvalidInput);
    assert_eq!(kind(&format!("file://{path}/missing")), ErrorKind::NotFound);
    assert_eq!(kind("file:///dev/null"), ErrorKind::InvalidInput);
    assert_eq!(kind("file://example.org/etc/hostname"), ErrorKind::InvalidInput);
    assert_eq!(kind("file:///a%00b"), ErrorKind::NotFound);
}

#[test]
fn a_file_that_shrinks_is_an_error() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, vec![b'x'; 100_000]).unwrap();
    let mut response = Opener::new().open(format!("file://{}", path.display()))?;
    let mut first = [0; 10];
    response.read_exact(&mut first).unwrap();
    fs::write(&path, "short").unwrap();
    assert_eq!(text(response).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    Ok(())
}

#[test]
fn data_is_read() -> Result<()> {
    assert_eq!(fetch("data:,a%20b")?, "a b");
    assert_eq!(fetch("data:text/plain;base64,aGk=#fragment")?, "hi");
    let response = Opener::new().open("data:image/gif;base64,R0lGODlhAQ==")?;
    assert_eq!(
        (&response.headers()["content-type"], response.bytes_left()),
        (&"image/gif".parse().unwrap(), Some(7))
    );
    for wrong in ["data:nothing", "data:;base64,***"] {
        assert_eq!(kind(wrong), ErrorKind::InvalidInput, "{wrong}");
    }
    Ok(())
}

#[test]
fn no_redirect_leads_there() {
    for target in ["data:,hello", "file:///etc/hostname"] {
        let server = one([hear(), moved(302, target)]);
        assert_eq!(kind(&server.url("/")), ErrorKind::Redirect);
    }
}
