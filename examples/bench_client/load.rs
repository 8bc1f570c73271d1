//! The requests; each gives how many bytes of bodies went one way or the other.

use std::{
    fs::{self, File},
    io,
    io::Read,
    thread,
};

use sockeye::{
    Result,
    urllib::{Data, Opener, Request},
};

pub(super) fn get(opener: &Opener, url: &str, count: u64) -> Result<u64> {
    let one = || Ok(opener.open(url)?.read_to_end(&mut Vec::new())? as u64);
    (0..count).map(|_| one()).sum()
}

pub(super) fn down(opener: &Opener, url: &str, count: u64) -> Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; 64 * 1024], 0);
    for _ in 0..count {
        let mut response = opener.open(url)?;
        while let n @ 1.. = response.read(&mut buffer)? {
            bytes += n as u64;
        }
    }
    Ok(bytes)
}

pub(super) fn up(opener: &Opener, url: &str, count: u64, size: u64) -> Result<u64> {
    for _ in 0..count {
        let body = Data::sized_reader(io::repeat(b'x').take(size), size);
        opener.open(Request::new(url)?.data(body))?.read_to_end(&mut Vec::new())?;
    }
    Ok(count * size)
}

pub(super) fn up_file(opener: &Opener, url: &str, count: u64, path: &str) -> Result<u64> {
    let size = fs::metadata(path)?.len();
    for _ in 0..count {
        let body = Data::sized_reader(File::open(path)?, size);
        opener.open(Request::new(url)?.data(body))?.read_to_end(&mut Vec::new())?;
    }
    Ok(count * size)
}

pub(super) fn threads(opener: &Opener, url: &str, count: u64, threads: u64) -> Result<u64> {
    thread::scope(|scope| {
        let work = || get(opener, url, count / threads);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a request doesn't panic")).sum()
    })
}
