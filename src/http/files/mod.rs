//! Files over HTTP: Python's `SimpleHTTPRequestHandler`.
//!
//! - `path`: from a request's path to names that lead downwards, purely
//! - `open`: from names to an open file, never outside the root
//! - `variant`: the file as it is now, or its compressed twin; `coding`, `media`: what that means to a client
//! - `answer`: conditions, ranges, headers, bytes
//! - `listing`: the page of a folder

mod answer;
mod coding;
mod listing;
mod media;
mod open;
mod path;
mod variant;

use std::{
    fs::{File, Metadata},
    path::PathBuf,
};

use ::http::StatusCode;

use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, FileKind},
};

use super::{Handler, Request, Response};

pub use open::Symlinks;

use listing::{Content, Entry};
use open::Root;
use path::{Spelling, Wanted};
use variant::Variants;

/// Serves a folder's files; answers `GET` and `HEAD`.
///
/// A folder is answered with its `index.html` or `index.htm`, else with a page that lists it; a folder asked for
/// without its final slash is redirected. Files go out by `sendfile(2)` with `Last-Modified` and `ETag`;
/// conditional requests (`If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`) and ranges
/// (`Range`, `If-Range`; several at once too) are answered as RFC 9110 says. Where `style.css.br`, `.zst` or `.gz`
/// lies beside a text file and isn't older, a client that takes it gets it.
///
/// Nothing outside of the folder is served: paths with `..` are refused, and symbolic links are followed only as
/// far as [`symlinks`](Self::symlinks) says. What is neither a file nor a folder isn't there. Files whose names
/// begin with a dot are served like any other, as in Python.
///
/// The folder is looked up anew for each request, so it may be replaced, or be made later.
///
/// Python: `http.server.SimpleHTTPRequestHandler`, which has no ranges, tags, twins or link rules.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use sockeye::http::{FileHandler, HttpServer};
///
/// # fn main() -> sockeye::Result<()> {
/// # let public = std::env::temp_dir().join(format!("sockeye-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&public)?;
/// std::fs::write(public.join("hello.txt"), "Hello")?;
///
/// let server = HttpServer::bind("127.0.0.1:0")?.spawn(FileHandler::new(&public))?;
/// let mut client = std::net::TcpStream::connect(server.addr().as_socket_addr().unwrap())?;
/// client.write_all(b"GET /hello.txt HTTP/1.0\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// assert!(answer.ends_with("\r\n\r\nHello"));
/// # std::fs::remove_dir_all(&public)?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "SimpleHTTPRequestHandler")]
#[derive(Clone, Debug)]
pub struct FileHandler {
    /// Absolute, so that the process may change its folder.
    root: PathBuf,
    links: Symlinks,
    index_pages: Vec<String>,
    types: Vec<(String, String)>,
    listing: bool,
    precompressed: bool,
}

impl FileHandler {
    /// Serves that folder; a relative path is taken from the current folder as it is now.
    ///
    /// The folder isn't looked at before the first request: as long as it isn't there, the answer is 404.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> FileHandler {
        let folder = folder.into();
        FileHandler {
            // Fails only for an empty path, or without a current folder: then there is nothing to find there.
            root: std::path::absolute(&folder).unwrap_or(folder),
            links: Symlinks::default(),
            index_pages: vec!["index.html".into(), "index.htm".into()],
            types: Vec::new(),
            listing: true,
            precompressed: true,
        }
    }

    /// The names that stand for a folder, the first that exists is sent. Default is `index.html`, `index.htm`.
    ///
    /// Python: `SimpleHTTPRequestHandler.index_pages`.
    #[must_use]
    pub fn index_pages(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> FileHandler {
        self.index_pages = names.into_iter().map(Into::into).collect();
        self
    }

    /// Media types by extension, without the dot and in any case, before the built-in ones; the extension `""`
    /// is for names without one. Default is empty.
    ///
    /// A type is sent as it is given, so text wants its `; charset=utf-8`. Without the feature `media-types`
    /// there are no built-in ones.
    ///
    /// Python: `SimpleHTTPRequestHandler.extensions_map`.
    ///
    /// ```
    /// use sockeye::http::FileHandler;
    /// let files = FileHandler::new("public").extensions_map([("", "text/plain; charset=utf-8")]);
    /// # let _ = files;
    /// ```
    #[must_use]
    pub fn extensions_map<E: Into<String>, T: Into<String>>(
        mut self,
        types: impl IntoIterator<Item = (E, T)>,
    ) -> FileHandler {
        self.types
            .extend(types.into_iter().map(|(extension, media_type)| (extension.into(), media_type.into())));
        self
    }

    /// What is done with symbolic links. Default is [`Symlinks::Inside`].
    #[must_use]
    pub fn symlinks(mut self, links: Symlinks) -> FileHandler {
        self.links = links;
        self
    }

    /// Whether a folder without an index page is listed; else it is 403. Default is `true`.
    ///
    /// The page takes memory until it is sent, some 250 bytes for each name
    /// ([`max_unsent`](super::HttpServer::max_unsent)).
    ///
    /// Python: `SimpleHTTPRequestHandler.list_directory`, which is overridden to that end.
    #[doc(alias = "list_directory")]
    #[must_use]
    pub fn listing(mut self, listed: bool) -> FileHandler {
        self.listing = listed;
        self
    }

    /// Whether a compressed twin is sent to clients that take it. Default is `true`.
    ///
    /// A twin is `page.html.br`, `.zst` or `.gz` beside `page.html`, not older than it; only those of text (HTML,
    /// CSS, scripts, JSON, SVG …) are looked for.
    #[must_use]
    pub fn precompressed(mut self, sent: bool) -> FileHandler {
        self.precompressed = sent;
        self
    }

    fn answer(&self, request: &Request<'_>, response: Response<'_>) -> Result<()> {
        let Some(wanted) = Wanted::parse(request.raw_path()) else {
            return response.send_error(StatusCode::NOT_FOUND, "File not found");
        };
        let found = Root::open(&self.root, self.links)
            .and_then(|root| root.read(wanted.below_root()).map(|file| (root, file)));
        let (root, file) = match found {
            Ok(found) => found,
            Err(error) => return refuse(response, error),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            self.folder(request, response, Found { root: &root, wanted: &wanted, file, metadata })
        } else if metadata.is_file() && wanted.spelling() == Spelling::File {
            self.file(request, response, Found { root: &root, wanted: &wanted, file, metadata })
        } else {
            // `page.html/` is no folder; a FIFO or a device is nothing to send.
            response.send_error(StatusCode::NOT_FOUND, "File not found")
        }
    }

    fn file(&self, request: &Request<'_>, response: Response<'_>, found: Found<'_>) -> Result<()> {
        let Found { root, wanted, file, metadata } = found;
        let media_type = media::media_type(wanted.last_name(), &self.types);
        let mut variants = Variants::new(file, metadata);
        if self.precompressed && media::is_compressible(&media_type) {
            variants.look_for_twins(root, wanted);
        }
        let accepted = request.fields().filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
        let chosen = variants.choose(coding::accepted(accepted.map(|(_, value)| value)));
        answer::send(request, response, &media_type, chosen)
    }

    fn folder(&self, request: &Request<'_>, response: Response<'_>, found: Found<'_>) -> Result<()> {
        let Found { root, wanted, file: folder, .. } = found;
        if wanted.spelling() != Spelling::Folder {
            return response
                .send_response(StatusCode::MOVED_PERMANENTLY)
                .send_header("Location", wanted.folder_location(request.query()))
                .body("");
        }
        for name in &self.index_pages {
            let page = wanted.join(name);
            let file = match root.read(page.below_root()) {
                Ok(file) => file,
                Err(error) if sys::is_absence(&error) => continue,
                Err(error) => return refuse(response, error),
            };
            let metadata = file.metadata()?;
            if metadata.is_file() {
                return self.file(request, response, Found { root, wanted: &page, file, metadata });
            }
        }
        if !self.listing {
            return response.send_error(StatusCode::FORBIDDEN, "This folder isn't listed");
        }
        let entries = match entries(root, wanted, folder) {
            Ok(entries) => entries,
            Err(error) => return refuse(response, error),
        };
        response
            .send_response(StatusCode::OK)
            .send_header("Content-Type", listing::CONTENT_TYPE)
            .send_header("Content-Security-Policy", listing::CONTENT_SECURITY_POLICY)
            .body(listing::render(wanted, entries))
    }
}

impl Handler for FileHandler {
    fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        self.answer(request, response)
    }
}

/// What lies under a request's path.
struct Found<'a> {
    root: &'a Root<'a>,
    wanted: &'a Wanted,
    file: File,
    /// As of when it was opened.
    metadata: Metadata,
}

/// What a folder holds, as far as it is served.
fn entries(root: &Root<'_>, wanted: &Wanted, folder: File) -> Result<Vec<Entry>> {
    let names = sys::names(folder.try_clone()?.into())?;
    let entry = |name: std::ffi::CString| {
        // A link that the server itself refuses would lead nowhere.
        if !path::is_servable(name.as_bytes()) {
            return None;
        }
        let status = root.status_of(&folder, wanted.below_root(), &name)?;
        let content = match status.kind {
            FileKind::Folder => Content::Folder,
            _ => Content::File(status.size),
        };
        Some(Entry { name: name.into_bytes(), content, modified: status.modified })
    };
    Ok(names.into_iter().filter_map(entry).collect())
}

/// The answer for what can't be opened.
fn refuse(response: Response<'_>, error: Error) -> Result<()> {
    match error.kind() {
        // It is there, and the peer needn't know; who looks for it in vain should.
        _ if open::is_hidden(&error) => {
            response.remark(error);
            response.send_error(StatusCode::NOT_FOUND, "File not found")
        }
        _ if sys::is_absence(&error) => response.send_error(StatusCode::NOT_FOUND, "File not found"),
        ErrorKind::PermissionDenied => response.send_error(StatusCode::FORBIDDEN, None),
        ErrorKind::OutOfResources => response.send_error(StatusCode::SERVICE_UNAVAILABLE, None),
        _ => Err(error.context("open a file")),
    }
}
