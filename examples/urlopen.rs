//! Fetches a page: `urlopen URL`. A 404 is an error that can still be read.

use std::{env, io, time::Duration};

use sockeye::{
    ErrorKind, Result,
    urllib::{Request, urlopen},
};

fn main() -> Result<()> {
    let url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8000/".to_owned());
    let request = Request::new(url)?.add_header("User-Agent", "mozilla").timeout(Duration::from_secs(10));
    let mut response = match urlopen(request) {
        Ok(response) => response,
        Err(error) if error.kind() == ErrorKind::Status => {
            eprintln!("{error}");
            error.into_response()?
        }
        Err(error) => return Err(error),
    };
    eprintln!("{} {}", response.getcode(), response.geturl());
    for (name, value) in response.info() {
        eprintln!("{name}: {}", value.to_str().unwrap_or("(not ASCII)"));
    }
    io::copy(&mut response, &mut io::stdout())?;
    Ok(())
}
