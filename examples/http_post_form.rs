//! Posts a form: `http_post_form URL NAME=VALUE…`, by default to http://127.0.0.1:8000/.

use std::{env, io::Read};

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
    // GET would be: format!("{url}?{form}")
    let form = urlencode(&fields);
    println!("POST {url}: {form}");

    let request = urllib::Request::new(&url)?.data(form).add_header("User-Agent", "mozilla");
    let mut page = String::new();
    urlopen(request)?.read_to_string(&mut page)?;
    println!("{page}");
    Ok(())
}
