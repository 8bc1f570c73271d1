//! What the server itself answers with an error, and what a body's error comes to: the cause in plain words, and its
//! status.

use ::http::StatusCode;
use thiserror::Error;

use crate::{
    error::{Error, ErrorKind},
    server::engine::service::Conn,
    wire::{
        body::BodyError,
        fields::storage,
        framing::FramingError,
        head::{HeadError, Parsed, RequestHead, parse_request},
    },
};

use super::{
    Handler, LogEntry, Response,
    answer::Done,
    connection::{Next, State},
    exchange::Exchange,
    log::RequestLine,
    output::Output,
    service::{HttpService, Turn},
};

/// Why a request is refused, or its body can't be read. The words are the server's own: nothing that a peer sent is
/// in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the connection ended inside a request's head")]
    HeadTruncated,
    #[error("the request's head took too long")]
    HeadTimeout,
    #[error("unknown method")]
    Method,
    #[error("unknown expectation: only 100-continue is understood")]
    Expectation,
    #[error("the request's body is larger than allowed")]
    BodyTooLarge,
    #[error("the request's body is larger than 1 MiB")]
    NotSmall,
    #[error("the request's body took too long")]
    BodyTimeout,
    #[error("the connection broke inside the request's body: {0}")]
    BodyLost(ErrorKind),
    #[error("too many uploads wait for their senders")]
    TooManyUploads,
    #[error("the server ended before the request was here")]
    Shutdown,
    #[error("the request's body isn't UTF-8")]
    NotText,
}

impl Refusal {
    /// The status that tells the peer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Refusal::Head(error) => error.status(),
            Refusal::Framing(error) => error.status(),
            Refusal::Body(error) => error.status(),
            Refusal::HeadTruncated | Refusal::BodyLost(_) | Refusal::NotText => StatusCode::BAD_REQUEST,
            Refusal::HeadTimeout | Refusal::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            // RFC 9110 §9.1: unknown to this server, not forbidden for this target.
            Refusal::Method => StatusCode::NOT_IMPLEMENTED,
            Refusal::Expectation => StatusCode::EXPECTATION_FAILED,
            Refusal::TooManyUploads | Refusal::Shutdown => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::BodyTooLarge | Refusal::NotSmall => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let kind = match refusal {
            Refusal::Head(error) => return error.into(),
            Refusal::Framing(error) => return error.into(),
            Refusal::Body(error) => return error.into(),
            Refusal::HeadTruncated => ErrorKind::UnexpectedEof,
            Refusal::HeadTimeout | Refusal::BodyTimeout => ErrorKind::TimedOut,
            Refusal::BodyTooLarge | Refusal::NotSmall => ErrorKind::TooLarge,
            Refusal::BodyLost(kind) => kind,
            Refusal::TooManyUploads => ErrorKind::OutOfResources,
            Refusal::Shutdown => ErrorKind::Cancelled,
            Refusal::Method | Refusal::Expectation | Refusal::NotText => ErrorKind::Protocol,
        };
        Error::new(kind, refusal.to_string())
    }
}

impl<H: Handler> Turn<'_, '_, H> {
    /// Answers bytes that are no request; nothing more is read of such a connection.
    pub(super) fn refuse(&mut self, refusal: impl Into<Refusal>) -> Done {
        let exchange = Exchange::refusal(self.conn, self.service, self.date);
        self.service.refuse(self.output, &exchange, RequestLine::Unknown, refusal.into());
        Done::Last(Next::Linger)
    }

    /// Answers a request whose head is here, while its body was being collected.
    pub(super) fn refuse_collected(&mut self, refusal: impl Into<Refusal>) {
        self.service.refuse_collected(self.conn, (self.output, self.date), refusal.into());
    }

    /// Answers a request that can't be served, and ends its connection.
    pub(super) fn refuse_request(&mut self, head: &RequestHead<'_>, refusal: impl Into<Refusal>) -> Done {
        let mut exchange = Exchange::refusal(self.conn, self.service, self.date);
        exchange.asked.head_only = head.method == "HEAD";
        self.service.refuse(self.output, &exchange, RequestLine::of(head), refusal.into());
        Done::Last(Next::Linger)
    }
}

impl<H: Handler> HttpService<H> {
    /// Answers a request whose head is here, while its body was being collected.
    pub(super) fn refuse_collected(
        &self,
        conn: &Conn<State>,
        out: (&mut Output, &[u8; 29]),
        refusal: Refusal,
    ) {
        let (output, date) = out;
        let mut exchange = Exchange::refusal(conn, self, date);
        let mut room = storage();
        let request_line = match parse_request(&conn.state.input, &mut room, &self.settings.limits) {
            Ok(Parsed::Complete(head)) => {
                exchange.asked.head_only = head.method == "HEAD";
                RequestLine::of(&head)
            }
            // Can't be: its body wouldn't be collected then.
            _ => RequestLine::Unknown,
        };
        self.refuse(output, &exchange, request_line, refusal);
    }

    /// Writes the answer to what isn't served, and tells the log why.
    pub(super) fn refuse(
        &self,
        output: &mut Output,
        exchange: &Exchange<'_>,
        request_line: RequestLine<'_>,
        refusal: Refusal,
    ) {
        write_error(output, exchange, Some(refusal));
        self.log(&LogEntry {
            peer: exchange.peer,
            request_line,
            status: output.answer.status,
            size: output.answer.size_sent(exchange),
            date: exchange.date,
            error: Some(&refusal.into()),
        });
    }
}

/// Writes an error answer that ends the connection; without a refusal the fault is this side's.
pub(super) fn write_error(output: &mut Output, exchange: &Exchange<'_>, refusal: Option<Refusal>) {
    let status = refusal.map_or(StatusCode::INTERNAL_SERVER_ERROR, Refusal::status);
    let why = refusal.map(|refusal| refusal.to_string());
    // Into memory only: can't fail.
    let _ = Response::new(output, exchange).send_error(status, why.as_deref());
    let _ = output.finish(exchange);
}
