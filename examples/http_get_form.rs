//! Asks by GET with a query: `http_get_form URL NAME=VALUE…`, by default http://127.0.0.1:8000/.

use std::{env, io::Read, time::Duration};

use sockeye::{
    Result,
    urllib::{self, urlencode, urlopen},
};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8000/".to_owned());
    let mut fields: Vec<(String, String)> = arguments
        .filter_map(|field| field.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    if fields.is_empty() {
        fields.push(("username".to_owned(), "myaccount@163.com".to_owned()));
    }
    let full_url = format!("{url}?{}", urlencode(&fields));

    let request =
        urllib::Request::new(&full_url)?.add_header("User-Agent", "mozilla").timeout(Duration::from_secs(10));
    let mut response = urlopen(request)?;
    println!("{} {}", response.getcode(), response.geturl());
    let mut page = String::new();
    response.read_to_string(&mut page)?;
    println!("{page}");
    Ok(())
}
