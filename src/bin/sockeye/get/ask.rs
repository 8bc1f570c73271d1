//! What `sockeye get` asks for: the method, headers, data and forms, under curl's names.

use sockeye::urllib::{
    DecodeHandler, HeaderMap, HeaderName, HeaderValue, Method, OpenerBuilder, Request, Response, Url, Version,
};

use super::data::{self, Payload};

/// The options of the request.
#[derive(Debug, clap::Args)]
pub(super) struct Ask {
    /// Send this header; may be repeated
    ///
    /// It is sent to all URLs. Redirects to another scheme, host or port don't carry credentials along: Authorization,
    /// Cookie, X-Api-Key and their like.
    // Not parsed by clap, whose messages would show a secret.
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// Use this method [default: GET, or POST with data]
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    request: Option<Method>,
    /// Send these data by POST, as a form unless a header says what they are; of several, joined by "&"
    ///
    /// "@FILE" is what the file holds, byte by byte; "@-" is standard input.
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    data: Vec<String>,
    /// Send this field of a form with files (multipart/form-data); may be repeated
    ///
    /// Behind the value or the file may stand ";type=MEDIA/TYPE" and ";filename=NAME".
    #[arg(short = 'F', long, value_name = "NAME=VALUE|NAME=@FILE", conflicts_with = "data")]
    form: Vec<String>,
    /// Send this JSON by POST, or what "@FILE" holds, and ask for JSON
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["data", "form"], allow_hyphen_values = true)]
    json: Option<String>,
    /// Say that this is the program that asks [default: sockeye/VERSION]
    #[arg(short = 'A', long, value_name = "AGENT")]
    user_agent: Option<String>,
    /// What users of curl write: redirects are followed anyway.
    #[arg(short = 'L', long = "location", hide = true)]
    _location: bool,
    /// Show the head of the answer too, before its body
    #[arg(short, long)]
    include: bool,
    /// Ask for the head of the answer only
    #[arg(short = 'I', long, conflicts_with_all = ["request", "data", "form", "json"])]
    head: bool,
    /// Ask for compressed answers, and decompress them [default: as the server has it]
    #[arg(long)]
    compressed: bool,
}

/// Whether the head of the answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Shown,
    Hidden,
}

/// How much of the page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// What a header `Range` says.
    Part,
}

/// The same, read and found to be right.
#[derive(Debug)]
pub(super) struct Asked {
    method: Option<Method>,
    headers: HeaderMap,
    payload: Payload,
    pub(super) head: Head,
}

impl Ask {
    /// The same opener, which decodes what it should.
    pub(super) fn decode(&self, builder: OpenerBuilder) -> OpenerBuilder {
        let handler = if self.compressed { DecodeHandler::new() } else { DecodeHandler::off() };
        builder.add_handler(handler)
    }

    /// Reads what stands in files.
    pub(super) fn read(&self) -> Result<Asked, String> {
        let mut headers = HeaderMap::new();
        for text in &self.header {
            let (name, value) = header(text)?;
            headers.append(name, value);
        }
        if let Some(agent) = &self.user_agent {
            headers.insert(HeaderName::from_static("user-agent"), value(agent, "the user agent")?);
        }
        let payload = if let Some(json) = &self.json {
            for name in ["content-type", "accept"] {
                let json = HeaderValue::from_static("application/json");
                headers.entry(HeaderName::from_static(name)).or_insert(json);
            }
            data::joined(std::slice::from_ref(json))?
        } else if !self.form.is_empty() {
            data::form(&self.form)?
        } else {
            data::joined(&self.data)?
        };
        let method = if self.head { Some(Method::HEAD) } else { self.request.clone() };
        let head = if self.head || self.include { Head::Shown } else { Head::Hidden };
        Ok(Asked { method, headers, payload, head })
    }
}

impl Asked {
    pub(super) fn wanted(&self) -> Wanted {
        if self.headers.contains_key("range") { Wanted::Part } else { Wanted::All }
    }

    /// The request for that URL.
    pub(super) fn request(&self, url: &Url) -> Request {
        let mut request = Request::from(url.clone());
        *request.headers_mut() = self.headers.clone();
        request = self.payload.send_with(request);
        match &self.method {
            Some(method) => request.method(method.clone()),
            None => request,
        }
    }
}

/// The head of an answer, as it is shown.
pub(super) fn head(response: &Response) -> String {
    let version = if response.version() == Version::HTTP_10 { "1.0" } else { "1.1" };
    let status_line = format!("HTTP/{version} {} {}", response.status().as_u16(), response.reason());
    let mut text = format!("{}\r\n", status_line.trim_end());
    for (name, value) in response.headers() {
        text.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    text + "\r\n"
}

/// A method that a request for a URL can have.
fn method(text: &str) -> Result<Method, String> {
    let known =
        |text: &str| ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"].contains(&text);
    match Method::from_bytes(text.as_bytes()) {
        Ok(Method::CONNECT) => Err("it asks for a tunnel, not for a URL".to_owned()),
        Ok(_) if known(&text.to_uppercase()) && !known(text) => {
            Err(format!("methods are written in capitals: {}", text.to_uppercase()))
        }
        Ok(method) => Ok(method),
        Err(_) => Err("not a method: a word such as PUT is wanted".to_owned()),
    }
}

/// The messages don't show the value: it may be a secret, and where it begins isn't clear.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || "a header is written as -H 'Name: value'".to_owned();
    let (name, content) = text.split_once(':').ok_or_else(wrong)?;
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let content = value(content.trim(), &format!("the header {name}"))?;
    Ok((name, content))
}

fn value(text: &str, what: &str) -> Result<HeaderValue, String> {
    let wrong = |_| format!("{what} holds a line break or another control character");
    HeaderValue::from_str(text).map_err(wrong)
}
