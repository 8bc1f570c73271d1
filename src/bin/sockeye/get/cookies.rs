//! The cookies of `sockeye get`, in a file between its calls.

use std::path::PathBuf;

use sockeye::{
    Result,
    urllib::{CookieFile, CookieHandler, CookieJar, OpenerBuilder},
};

/// The options of cookies.
#[derive(Debug, clap::Args)]
pub(super) struct Cookies {
    /// Send the cookies in this file, and write those to it that were received; in Mozilla's format, as curl does
    ///
    /// Also those that end with a session: it lasts until the file is removed.
    #[arg(short = 'b', long, value_name = "FILE")]
    cookie_jar: Option<PathBuf>,
}

/// The cookies, and the file where they are kept.
#[derive(Debug)]
pub(super) struct Jar {
    cookies: CookieJar,
    file: PathBuf,
}

impl Cookies {
    /// The cookies that are sent, if any are to be.
    pub(super) fn jar(&self) -> std::result::Result<Option<Jar>, String> {
        let Some(file) = &self.cookie_jar else { return Ok(None) };
        let cookies = CookieJar::new();
        if file.exists() {
            cookies.load(file, CookieFile::Mozilla).map_err(|error| error.to_string())?;
        } else if file.to_string_lossy().contains('=') {
            return Err("--cookie-jar takes a file; a cookie is sent by -H 'Cookie: name=value'".to_owned());
        }
        Ok(Some(Jar { cookies, file: file.clone() }))
    }
}

impl Jar {
    pub(super) fn add_to(&self, builder: OpenerBuilder) -> OpenerBuilder {
        builder.add_handler(CookieHandler::new(self.cookies.clone()))
    }

    pub(super) fn save(&self) -> Result<()> {
        self.cookies.save_all(&self.file, CookieFile::Mozilla)
    }
}
