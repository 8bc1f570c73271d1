//! [`ErrorProcessor`]: a status of 400 or above is an error that holds the response.

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Next, Request, Response, address},
};

/// Makes an error of every response with a status of 400 or above: [`ErrorKind::Status`], with the response
/// [in the error](Error::response). Its order is 900, so that it sees what all others have left.
///
/// Python: `urllib.request.HTTPErrorProcessor`, which takes everything outside 200–299 for an error.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{ErrorProcessor, build_opener};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let gone = handler(|_request, response| response.send_error(StatusCode::GONE, None));
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(gone)?;
/// # let url = format!("http://{}/", server.addr());
/// // This opener hands every status back as a response.
/// let opener = build_opener().add_handler(ErrorProcessor::off()).build();
/// assert_eq!(opener.open(&url)?.status(), 410);
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorProcessor(Mode);

#[derive(Clone, Copy, Debug)]
enum Mode {
    Raise,
    Pass,
}

impl ErrorProcessor {
    /// The default.
    #[must_use]
    pub fn new() -> ErrorProcessor {
        ErrorProcessor(Mode::Raise)
    }

    /// Lets every response pass.
    #[must_use]
    pub fn off() -> ErrorProcessor {
        ErrorProcessor(Mode::Pass)
    }
}

impl Default for ErrorProcessor {
    fn default() -> ErrorProcessor {
        ErrorProcessor::new()
    }
}

impl Handler for ErrorProcessor {
    fn order(&self) -> i32 {
        900
    }

    fn response(&self, request: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        if matches!(self.0, Mode::Pass) || response.getcode() < 400 {
            return Ok(Next::Pass(response));
        }
        let (method, url) = (request.get_method(), address::without_user_info(response.url()));
        let message = format!("{method} {url} failed: {}", response.status_line());
        Err(Error::new(ErrorKind::Status, message).with_payload(response))
    }
}
