//! Fetches a page through a proxy, or without any: `proxy URL [PROXY]`, such as `proxy http://example.org/
//! http://127.0.0.1:8087`.

use std::{env, io::Read};

use sockeye::{
    Result,
    urllib::{self, ProxyHandler, build_opener, install_opener, urlopen},
};

fn sample(url: &str, proxy: Option<&str>) -> Result<()> {
    let proxy_handler = match proxy {
        Some(proxy) => ProxyHandler::new([("http", proxy), ("https", proxy)])?,
        // Whatever the environment says.
        None => ProxyHandler::none(),
    };
    install_opener(build_opener().add_handler(proxy_handler).build());

    let request = urllib::Request::new(url)?.add_header("User-Agent", "mozilla");
    let mut response = urlopen(request)?;
    let mut page = String::new();
    response.read_to_string(&mut page)?;
    println!("{page}");
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8000/".to_owned());
    sample(&url, arguments.next().as_deref())
}
