//! Who wants to know is told of interim answers.

use std::sync::{Arc, Mutex};

use sockeye::{
    Result,
    urllib::{HeaderMap, Opener, Request, StatusCode, build_opener},
};

use super::{hear, ok, one, text};
use crate::support::Turn;

const INTERIM: &str =
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n";

type Notes = Arc<Mutex<Vec<String>>>;

/// What was told, and who is told.
fn notes() -> (Notes, impl Fn(StatusCode, &HeaderMap) + Send + Sync + 'static) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let written = notes.clone();
    let told = move |status: StatusCode, headers: &HeaderMap| {
        let links: Vec<_> = headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
        written.lock().unwrap().push(format!("{} {}", status.as_u16(), links.join(" ")));
    };
    (notes, told)
}

#[test]
fn they_are_told_in_turn_with_their_headers() -> Result<()> {
    for turn in [Turn::Send, Turn::Drip] {
        let server = one([hear(), turn(INTERIM.into()), ok("done"), hear(), ok("more")]);
        let (notes, told) = notes();
        let opener = Opener::new();
        assert_eq!(text(opener.open(Request::new(server.url("/"))?.interim(told))?)?, "done");
        assert_eq!(*notes.lock().unwrap(), ["102 ", "103 </a> </b>"]);
        assert_eq!(text(opener.open(server.url("/"))?)?, "more");
    }
    Ok(())
}

#[test]
fn the_opener_is_told_of_requests_without_a_listener_of_their_own() -> Result<()> {
    let server =
        one([hear(), Turn::Send(INTERIM.into()), ok("1"), hear(), Turn::Send(INTERIM.into()), ok("2")]);
    let ((openers, opener), (requests, request)) = (notes(), notes());
    let opener = build_opener().interim(opener).build();
    text(opener.open(server.url("/"))?)?;
    text(opener.open(Request::new(server.url("/"))?.interim(request))?)?;
    assert_eq!((openers.lock().unwrap().len(), requests.lock().unwrap().len()), (2, 2));
    Ok(())
}
