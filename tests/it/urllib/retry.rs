//! What is asked again, and what isn't.

use std::{thread, time::Duration};

use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    urllib::{BasicAuthHandler, Data, Opener, PasswordManager, Request, RetryHandler, build_opener},
};

use super::{hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

const AT_ONCE: Duration = Duration::ZERO;

fn busy(extra: &str) -> Turn {
    say(format!("HTTP/1.1 503 Busy\r\n{extra}Content-Length: 4\r\n\r\nbusy"))
}

fn opener(retry: RetryHandler) -> Opener {
    build_opener().add_handler(retry.backoff(AT_ONCE, AT_ONCE)).build()
}

#[test]
fn a_busy_server_is_asked_again() -> Result<()> {
    let server = one([hear(), busy(""), hear(), busy("Retry-After: 0\r\n"), hear(), ok("at last")]);
    assert_eq!(text(opener(RetryHandler::new()).open(server.url("/"))?)?, "at last");
    // On one connection: the answers' bodies were read.
    assert_eq!(server.heard().len(), 1);
    Ok(())
}

#[test]
fn attempts_are_bounded_and_the_last_answer_is_the_result() {
    let server = one([hear(), busy(""), hear(), busy("")]);
    let error = opener(RetryHandler::new().attempts(2)).open(server.url("/")).unwrap_err();
    assert_eq!((error.kind(), error.response().map(|r| r.getcode())), (ErrorKind::Status, Some(503)));
    assert_eq!(server.heard()[0].matches("GET / ").count(), 2);
}

#[test]
fn a_lost_connection_is_tried_again() -> Result<()> {
    let server = Scripted::new(vec![vec![hear()], vec![hear()], vec![hear(), ok("at last")]]);
    assert_eq!(text(opener(RetryHandler::new()).open(server.url("/"))?)?, "at last");
    let server = Scripted::new(vec![vec![hear()], vec![hear(), ok("never")]]);
    let none = RetryHandler::new().errors([]);
    assert_eq!(opener(none).open(server.url("/")).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    Ok(())
}

#[test]
fn a_post_is_repeated_only_when_told() -> Result<()> {
    let post = |url: String| Ok::<_, sockeye::Error>(Request::new(url)?.data("a=b"));
    let server = one([Turn::Until("a=b"), busy(""), hear()]);
    assert_eq!(
        opener(RetryHandler::new()).open(post(server.url("/"))?).unwrap_err().kind(),
        ErrorKind::Status
    );
    assert_eq!(server.heard()[0].matches("POST").count(), 1);
    let server = one([Turn::Until("a=b"), busy(""), Turn::Until("a=b"), ok("done")]);
    assert_eq!(text(opener(RetryHandler::new().all_methods()).open(post(server.url("/"))?)?)?, "done");
    Ok(())
}

#[test]
fn a_reader_that_went_out_is_not_repeated() -> Result<()> {
    let server = one([Turn::Until("0\r\n\r\n"), busy("")]);
    let put = Request::new(server.url("/"))?.method("PUT").data(Data::reader(&b"abc"[..]));
    assert_eq!(opener(RetryHandler::new()).open(put).unwrap_err().kind(), ErrorKind::Status);
    Ok(())
}

#[test]
fn a_server_may_not_ask_for_too_long() {
    for extra in ["Retry-After: 31\r\n", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"] {
        let server = one([hear(), busy(extra)]);
        let error = opener(RetryHandler::new()).open(server.url("/")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Status);
        assert_eq!(server.heard()[0].matches("GET").count(), 1);
    }
}

#[test]
fn a_wait_beyond_the_deadline_is_not_begun() -> Result<()> {
    let server = one([hear(), busy("Retry-After: 20\r\n")]);
    let request = Request::new(server.url("/"))?.timeout(Duration::from_secs(15));
    // The answer is the result, not the time limit.
    assert_eq!(opener(RetryHandler::new()).open(request).unwrap_err().kind(), ErrorKind::Status);
    Ok(())
}

#[test]
fn a_wait_ends_with_the_token() -> Result<()> {
    let server = one([hear(), busy("Retry-After: 29\r\n"), Turn::End]);
    let token = CancelToken::new()?;
    let request = Request::new(server.url("/"))?.cancel_token(&token);
    let opener = opener(RetryHandler::new());
    let opened = thread::scope(|scope| {
        let opened = scope.spawn(|| opener.open(request).map(|_| ()));
        token.cancel();
        opened.join().unwrap()
    });
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Cancelled);
    Ok(())
}

#[test]
fn a_budget_is_shared_by_an_openers_requests() {
    let opener = opener(RetryHandler::new().attempts(9).budget(1));
    let server = one([hear(), busy(""), hear(), busy("")]);
    assert_eq!(opener.open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
    let again = one([hear(), busy("")]);
    assert_eq!(opener.open(again.url("/")).unwrap_err().kind(), ErrorKind::Status);
    assert_eq!(server.heard()[0].matches("GET").count(), 2);
    assert_eq!(again.heard()[0].matches("GET").count(), 1);
}

#[test]
fn a_status_that_is_not_listed_is_not_repeated() {
    let server = one([hear(), say("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")]);
    assert_eq!(opener(RetryHandler::new()).open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
    assert_eq!(server.heard()[0].matches("GET").count(), 1);
}

/// A redirect and a question for a password are no tries.
#[test]
fn each_target_has_its_own_attempts() -> Result<()> {
    let who = say("HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
    let server = one([
        [hear(), moved(302, "/b"), hear(), moved(302, "/c"), hear(), who.clone(), hear(), busy("")],
        [hear(), busy(""), hear(), ok("at last"), hear(), moved(302, "/z"), hear(), busy("")],
        [hear(), busy(""), hear(), busy(""), hear(), ok("too late"), hear(), ok("too late")],
    ]
    .concat());
    let passwords = PasswordManager::new().add_password(None, server.url("/"), "me", "secret")?;
    let retry = RetryHandler::new().backoff(AT_ONCE, AT_ONCE);
    let opener = build_opener().add_handler(BasicAuthHandler::new(passwords)).add_handler(retry).build();
    assert_eq!(text(opener.open(server.url("/a"))?)?, "at last");
    // And no more than those.
    assert_eq!(opener.open(server.url("/y")).unwrap_err().kind(), ErrorKind::Status);
    drop(opener);
    let heard = server.heard().concat();
    assert_eq!((heard.matches("GET /c ").count(), heard.matches("GET /z ").count()), (4, 3), "{heard}");
    Ok(())
}
