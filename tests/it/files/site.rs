//! A folder that is served for one test, and the answers it gives.

use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use sockeye::{
    http::{FileHandler, HttpServer},
    server::ServerHandle,
};

use crate::support::connect;

/// A temporary folder and its server; both go when it is dropped.
pub(super) struct Site {
    folder: tempfile::TempDir,
    server: ServerHandle,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Site {
    pub(super) fn new() -> Site {
        Site::with(|files| files)
    }

    /// With options set.
    pub(super) fn with(options: impl FnOnce(FileHandler) -> FileHandler) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        let files = options(FileHandler::new(root));
        let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(files).unwrap();
        Site { folder, server }
    }

    /// What is beside the served folder must not be served.
    pub(super) fn outside(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Writes a file, changed at 06 Nov 1994 08:49:37.
    pub(super) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        set_modified(&path, 784_111_777);
        path
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.server.addr().as_socket_addr().unwrap()
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub(super) fn get_with(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, fields)
    }

    /// One request on a connection of its own.
    pub(super) fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in fields {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = connect(self.addr());
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.shutdown();
        self.server.join().unwrap();
    }
}

impl Answer {
    #[track_caller]
    pub(super) fn parse(bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).map(|line| line.split_once(": ").unwrap());
        lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The status, and that the body is as long as it says.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}\n\n{}", self.head, String::from_utf8_lossy(&self.body));
        if status != 304 {
            assert_eq!(self.header("content-length"), Some(&*self.body.len().to_string()), "{}", self.head);
        }
        self
    }

    /// The links of a listing.
    pub(super) fn hrefs(&self) -> Vec<&str> {
        let list = self.text().split_once("<ul>").unwrap().1;
        list.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
    }
}

pub(super) fn set_modified(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}
