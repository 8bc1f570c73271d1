//! The page of an error answer.

use ::http::StatusCode;

use crate::wire::write;

/// The media type of [`render`]'s pages.
pub(super) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// A page in the manner of Python's `error_message_format`; `message` is escaped.
pub(super) fn render(status: StatusCode, message: Option<&str>) -> Vec<u8> {
    let mut page = Vec::with_capacity(640);
    page.extend_from_slice(
        b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
          <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
          <title>Error response</title>\n</head>\n<body>\n<h1>Error response</h1>\n<p>Error code: ",
    );
    write::number(&mut page, u64::from(status.as_u16()));
    page.extend_from_slice(b"</p>\n<p>Message: ");
    escape(&mut page, message.unwrap_or_else(|| reason(status)));
    page.extend_from_slice(b".</p>\n");
    if let Some(explanation) = explain(status) {
        page.extend_from_slice(b"<p>Error code explanation: ");
        write::number(&mut page, u64::from(status.as_u16()));
        page.extend_from_slice(b" - ");
        escape(&mut page, explanation);
        page.extend_from_slice(b".</p>\n");
    }
    page.extend_from_slice(b"</body>\n</html>\n");
    page
}

/// The standard's words for a status.
fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Unknown")
}

/// Appends text so that HTML shows it as it is, between tags and in quoted attributes.
pub(super) fn escape(out: &mut Vec<u8>, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(b"&#x27;"),
            _ => out.push(byte),
        }
    }
}

/// What Python's `http.HTTPStatus` says to explain a status.
fn explain(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        400 => "Bad request syntax or unsupported method",
        401 => "No permission -- see authorization schemes",
        402 => "No payment -- see charging schemes",
        403 => "Request forbidden -- authorization will not help",
        404 => "Nothing matches the given URI",
        405 => "Specified method is invalid for this resource",
        406 => "URI not available in preferred format",
        407 => "You must authenticate with this proxy before proceeding",
        408 => "Request timed out; try again later",
        409 => "Request conflict",
        410 => "URI no longer exists and has been permanently removed",
        411 => "Client must specify Content-Length",
        412 => "Precondition in headers is false",
        413 => "Content is too large",
        414 => "URI is too long",
        415 => "Entity body in unsupported format",
        416 => "Cannot satisfy request range",
        417 => "Expect condition could not be satisfied",
        421 => "Server is not able to produce a response",
        429 => "The user has sent too many requests in a given amount of time",
        431 => "The server is unwilling to process the request because its header fields are too large",
        500 => "Server got itself in trouble",
        501 => "Server does not support this operation",
        502 => "Invalid responses from another server/proxy",
        503 => "The server cannot process the request due to a high load",
        504 => "The gateway server did not receive a timely response",
        505 => "Cannot fulfill request",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_escaped() {
        let page = render(StatusCode::NOT_FOUND, Some("<script>alert('x')</script>"));
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"), "{page}");
        assert!(page.contains("<p>Error code: 404</p>"));
        assert!(page.contains("404 - Nothing matches the given URI."));
    }

    #[test]
    fn unknown_status_has_a_page_too() {
        let page = render(StatusCode::from_u16(599).unwrap(), None);
        assert!(String::from_utf8(page).unwrap().contains("Unknown"));
    }
}
