//! The cookies of `sockeye get`, in a file between its calls.

use sockeye::{Result, urllib::OpenerBuilder};

/// The options of cookies; none in a build without them.
#[derive(Debug, clap::Args)]
pub(super) struct Cookies {
    /// Send the cookies in this file, and write those to it that were received; in Mozilla's format, as curl does
    #[cfg(feature = "cookies")]
    #[arg(short = 'b', long, value_name = "FILE")]
    cookie_jar: Option<std::path::PathBuf>,
}

/// The cookies, and the file where they are kept.
#[cfg(feature = "cookies")]
#[derive(Debug)]
pub(super) struct Jar {
    cookies: sockeye::urllib::CookieJar,
    file: std::path::PathBuf,
}

#[cfg(feature = "cookies")]
impl Cookies {
    /// The cookies that are sent, if any are to be.
    pub(super) fn jar(&self) -> std::result::Result<Option<Jar>, String> {
        use sockeye::urllib::{CookieFile, CookieJar};

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

#[cfg(feature = "cookies")]
impl Jar {
    pub(super) fn add_to(&self, builder: OpenerBuilder) -> OpenerBuilder {
        builder.add_handler(sockeye::urllib::CookieHandler::new(self.cookies.clone()))
    }

    pub(super) fn save(&self) -> Result<()> {
        self.cookies.save(&self.file, sockeye::urllib::CookieFile::Mozilla)
    }
}

/// There is none in a build without cookies.
#[cfg(not(feature = "cookies"))]
#[derive(Debug)]
pub(super) enum Jar {}

#[cfg(not(feature = "cookies"))]
impl Cookies {
    pub(super) fn jar(&self) -> std::result::Result<Option<Jar>, String> {
        Ok(None)
    }
}

#[cfg(not(feature = "cookies"))]
impl Jar {
    pub(super) fn add_to(&self, _: OpenerBuilder) -> OpenerBuilder {
        match *self {}
    }

    pub(super) fn save(&self) -> Result<()> {
        match *self {}
    }
}
