//! Files that change while they are sent: exactly as many bytes as were promised, or a broken connection.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use super::site::Site;
use crate::support::connect;

/// More than the buffers of a connection hold, and a hole that takes no disk.
const SIZE: u64 = 64 * 1024 * 1024;

/// Asks, and reads the head alone: the server can't have sent all of it.
fn begin(site: &Site, fields: &str) -> (BufReader<TcpStream>, u64) {
    let stream = connect(site.addr());
    (&stream).write_all(format!("GET /big HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().ok();
        }
        if line == "\r\n" {
            return (reader, length.unwrap());
        }
        assert!(!line.is_empty());
    }
}

fn site() -> (Site, File) {
    let site = Site::new();
    let path = site.file("big", "");
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(SIZE).unwrap();
    (site, file)
}

#[test]
fn a_file_that_grows() {
    let (site, file) = site();
    let (mut reader, length) = begin(&site, "");
    file.set_len(SIZE + 1000).unwrap();
    assert_eq!(length, SIZE);
    assert_eq!(std::io::copy(&mut (&mut reader).take(SIZE), &mut std::io::sink()).unwrap(), SIZE);
    // The next answer begins right behind.
    reader
        .get_mut()
        .write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("HTTP/1.1 404 "), "{rest}");
}

#[test]
fn a_file_that_shrinks() {
    for fields in ["", "Range: bytes=1-\r\n", "Range: bytes=0-9,1000-\r\n"] {
        let (site, file) = site();
        let (mut reader, length) = begin(&site, fields);
        file.set_len(1).unwrap();
        // A reset is as good an end as any, as long as nobody takes it for the whole.
        let mut read = 0;
        let mut buffer = vec![0; 1 << 20];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            read += count as u64;
        }
        assert!(read < length, "{fields}: {read} of {length}");
    }
}
