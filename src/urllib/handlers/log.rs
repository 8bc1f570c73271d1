//! [`LogHandler`]: tells the `log` crate what is opened.

use ::log::{debug, log_enabled, trace};
use url::Url;

use crate::{
    error::{Error, Result},
    urllib::{Exchange, Handler, Next, Request, Response, address},
};

/// Where the lines say they are from.
const TARGET: &str = "sockeye::urllib";

/// Tells the `log` crate, at the level *debug*, each request that goes out and what came of it, redirects and repeated
/// ones included; at *trace* the names of the headers as well. It says nothing that could be a secret: no user info,
/// no query, no value of a header, no body.
///
/// It is in every opener's chain; without a logger it costs next to nothing. Its order is 50.
///
/// Python: `HTTPHandler(debuglevel=1)`, which prints.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::urlopen;
///
/// // With a logger set up, this logs `GET data:` and `200 OK from data:`.
/// urlopen("data:,hello")?;
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LogHandler(());

impl LogHandler {
    /// The default.
    #[must_use]
    pub fn new() -> LogHandler {
        LogHandler(())
    }
}

impl Handler for LogHandler {
    fn order(&self) -> i32 {
        50
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        debug!(target: TARGET, "{} {}", request.get_method(), shown(request.url()));
        if log_enabled!(target: TARGET, ::log::Level::Trace) {
            let names: Vec<_> = request.headers().keys().collect();
            trace!(target: TARGET, "with {names:?}");
        }
        Ok(())
    }

    fn response(&self, _: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        debug!(target: TARGET, "{} from {}", response.status(), shown(response.url()));
        if log_enabled!(target: TARGET, ::log::Level::Trace) {
            let names: Vec<_> = response.headers().keys().collect();
            trace!(target: TARGET, "with {names:?}");
        }
        Ok(Next::Pass(response))
    }

    fn error(&self, request: &mut Request, error: Error, _: &mut Exchange<'_>) -> Result<Next> {
        debug!(target: TARGET, "{} {} failed: {error}", request.get_method(), shown(request.url()));
        Err(error)
    }
}

/// Without user info, query and fragment; of a URL that is all data, the scheme.
fn shown(url: &Url) -> String {
    if url.cannot_be_a_base() {
        return format!("{}:", url.scheme());
    }
    let mut url = url.clone();
    address::drop_user_info(&mut url);
    address::without_query(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        for (url, expected) in [
            ("http://me:secret@h/x?key=secret#f", "http://h/x?…"),
            ("http://h/", "http://h/"),
            ("data:,secret", "data:"),
        ] {
            assert_eq!(shown(&Url::parse(url).unwrap()), expected);
        }
    }
}
