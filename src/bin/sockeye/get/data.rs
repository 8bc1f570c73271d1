//! [`Payload`]: what `sockeye get` sends. Files are read while they are sent, unless they are joined with others.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sockeye::{
    Error,
    urllib::{Data, Multipart, Part, Request},
};

/// What is sent, as often as there are URLs.
#[derive(Debug)]
pub(super) enum Payload {
    Nothing,
    Bytes(Vec<u8>),
    /// A file of that length.
    File(PathBuf, u64),
    Form(Multipart),
}

impl Payload {
    pub(super) fn send_with(&self, request: Request) -> Request {
        match self {
            Payload::Nothing => request,
            Payload::Bytes(bytes) => request.data(bytes.clone()),
            Payload::File(path, length) => {
                let path = path.clone();
                request.data(Data::repeatable(*length, move || File::open(&path)))
            }
            Payload::Form(form) => request.multipart(form.clone()),
        }
    }
}

/// Texts, and what files hold, joined by `&`.
pub(super) fn joined(texts: &[String]) -> Result<Payload, String> {
    match texts {
        [] => return Ok(Payload::Nothing),
        [one] => {
            let file = one.strip_prefix('@').filter(|path| *path != "-").map(PathBuf::from);
            if let Some(path) = file {
                let status = fs::metadata(&path).map_err(|error| unread(&path, error))?;
                // It may say no now what it would say in the middle of a request.
                File::open(&path).map_err(|error| unread(&path, error))?;
                if status.is_file() {
                    return Ok(Payload::File(path, status.len()));
                }
            }
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        if i > 0 {
            bytes.push(b'&');
        }
        match text.strip_prefix('@') {
            None => bytes.extend_from_slice(text.as_bytes()),
            Some("-") => {
                let read = io::stdin().lock().read_to_end(&mut bytes);
                read.map_err(|error| unread(Path::new("standard input"), error))?;
            }
            Some(path) => {
                let path = Path::new(path);
                let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
                read.map_err(|error| unread(path, error))?;
            }
        }
    }
    Ok(Payload::Bytes(bytes))
}

/// Fields of a form; the messages show no value.
pub(super) fn form(fields: &[String]) -> Result<Payload, String> {
    let mut form = Multipart::new();
    for field in fields {
        let wrong = || "a field of a form is written as -F name=value or -F name=@FILE".to_owned();
        let (name, value) = field.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
        let (value, said) = attributes(value);
        let mut part = match value.strip_prefix('@') {
            Some(path) => {
                File::open(path).map_err(|error| unread(Path::new(path), error))?;
                Part::file(path).map_err(|error| error.to_string())?
            }
            None => Part::text(value),
        };
        for attribute in said {
            part = match attribute {
                Attribute::Filename(name) => part.filename(name),
                Attribute::Type(media) => part.media_type(media).map_err(|error| error.to_string())?,
            };
        }
        form = form.part(name, part);
    }
    Ok(Payload::Form(form))
}

/// What is said of a field behind its value, as for curl.
enum Attribute<'a> {
    Type(&'a str),
    Filename(&'a str),
}

/// `value;type=MEDIA;filename=NAME`: the value, and the attributes, the last one first.
fn attributes(mut value: &str) -> (&str, Vec<Attribute<'_>>) {
    let mut said = Vec::new();
    while let Some((before, last)) = value.rsplit_once(';') {
        let attribute = match last.split_once('=') {
            Some(("type", media)) => Attribute::Type(media),
            Some(("filename", name)) => Attribute::Filename(name.trim_matches('"')),
            _ => break,
        };
        said.push(attribute);
        value = before;
    }
    (value, said)
}

fn unread(path: &Path, error: io::Error) -> String {
    format!("read {}: {}", path.display(), Error::from(error))
}
