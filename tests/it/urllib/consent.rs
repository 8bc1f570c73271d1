//! `Expect: 100-continue`: large data wait for the server's word.

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, Opener, Request, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// A request with data that its server is asked for.
fn asking(server: &Scripted) -> Result<Request> {
    Ok(Request::new(server.url("/"))?.data(Data::sized_reader(&b"data."[..], 5)).expect_above(4))
}

fn data() -> Turn {
    Turn::Until("data.")
}

#[track_caller]
fn asked(heard: &str) -> bool {
    heard.contains("\r\nExpect: 100-continue\r\n")
}

#[test]
fn the_data_go_out_when_the_server_consents() -> Result<()> {
    for hints in ["", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] {
        for turn in [Turn::Send, Turn::Drip] {
            let consent = turn(format!("{hints}{CONTINUE}").into());
            let server = one([hear(), consent, data(), ok("done"), hear(), ok("kept")]);
            let opener = Opener::new();
            assert_eq!(text(opener.open(asking(&server)?)?)?, "done");
            assert_eq!(text(opener.open(server.url("/"))?)?, "kept");
            let heard = server.heard().remove(0);
            assert!(asked(&heard) && heard.contains("\r\n\r\ndata.GET / "), "{heard}");
        }
    }
    Ok(())
}

/// Many servers never say that they consent; half an answer isn't one.
#[test]
fn the_data_go_out_after_a_second() -> Result<()> {
    let server = one([hear(), say("HTTP/1.1 20"), data(), say("0 OK\r\nContent-Length: 2\r\n\r\nok")]);
    assert_eq!(fetch(asking(&server)?)?, "ok");
    Ok(())
}

#[test]
fn no_data_go_out_where_the_answer_comes_first() -> Result<()> {
    let refusal = say("HTTP/1.1 307 Elsewhere\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
    let server = Scripted::new(vec![
        vec![hear(), refusal, Turn::End],
        vec![hear(), say(CONTINUE), data(), ok("taken")],
    ]);
    // The reader is untouched, so it can go with the redirect; and the first connection isn't kept.
    assert_eq!(fetch(asking(&server)?)?, "taken");
    let heard = server.heard();
    assert!(asked(&heard[0]) && heard[0].ends_with("\r\n\r\n"), "{}", heard[0]);
    assert!(heard[1].starts_with("POST /there ") && heard[1].ends_with("\r\n\r\ndata."), "{}", heard[1]);
    Ok(())
}

#[test]
fn a_server_without_expectations_is_asked_once_more_without() -> Result<()> {
    let failed = || say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 3\r\n\r\nno!");
    let server = Scripted::new(vec![vec![hear(), failed(), Turn::End], vec![data(), ok("done")]]);
    assert_eq!(fetch(asking(&server)?.add_header("Expect", "100-Continue"))?, "done");
    let heard = server.heard();
    assert!(asked(&heard[0]) && heard[0].ends_with("\r\n\r\n"), "{}", heard[0]);
    assert!(!asked(&heard[1]) && heard[1].ends_with("\r\n\r\ndata."), "{}", heard[1]);
    // Once.
    let server = Scripted::new(vec![vec![hear(), failed()], vec![data(), failed()]]);
    let error = fetch(asking(&server)?).unwrap_err();
    assert_eq!(error.response().map(|response| response.getcode()), Some(417));
    Ok(())
}

#[test]
fn interim_answers_are_bounded_over_both_waits() -> Result<()> {
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(8);
    let server = one([hear(), say(hints.clone() + CONTINUE), data(), say(hints), ok("late")]);
    assert_eq!(fetch(asking(&server)?).unwrap_err().kind(), ErrorKind::TooLarge);
    Ok(())
}

/// A kept connection that turns out dead costs nothing: nobody has touched the reader.
#[test]
fn an_untouched_reader_goes_out_on_a_fresh_connection() -> Result<()> {
    let fresh = vec![hear(), say(CONTINUE), data(), ok("done")];
    let server = Scripted::new(vec![vec![hear(), ok("first"), hear()], fresh]);
    let opener = Opener::new();
    text(opener.open(server.url("/"))?)?;
    assert_eq!(text(opener.open(asking(&server)?.method("PUT"))?)?, "done");
    Ok(())
}

/// The server may have acted on the head.
#[test]
fn a_post_is_not_repeated_even_so() -> Result<()> {
    let server = Scripted::new(vec![vec![hear(), ok("first"), hear()], vec![hear()]]);
    let opener = Opener::new();
    text(opener.open(server.url("/"))?)?;
    assert_eq!(opener.open(asking(&server)?).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(server.heard().len(), 1);
    Ok(())
}

#[test]
fn when_it_asks() -> Result<()> {
    const MIB: usize = 1 << 20;
    let of = |size: usize| Data::from(vec![b'.'; size]);
    let ask = |opener: Opener, data: Data, change: fn(Request) -> Request| -> Result<bool> {
        let server = one([
            hear(),
            say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            Turn::End,
        ]);
        let request = change(Request::new(server.url("/"))?.data(data));
        drop(opener.open(request)?);
        Ok(asked(&server.heard().remove(0)))
    };
    assert!(!ask(Opener::new(), of(MIB), |request| request)?);
    assert!(ask(Opener::new(), of(MIB + 1), |request| request)?);
    assert!(!ask(Opener::new(), of(MIB + 1), |request| request.expect_above(None))?);
    assert!(ask(build_opener().expect_above(1).build(), of(2), |request| request)?);
    assert!(!ask(build_opener().expect_above(1).build(), of(2), |request| request.expect_above(2))?);
    assert!(ask(Opener::new(), of(1), |request| request.add_header("Expect", "100-continue"))?);
    // Without data there is nothing to ask for (RFC 9110 §10.1.1).
    assert!(!ask(Opener::new(), of(0), |request| request
        .expect_above(0)
        .add_header("Expect", "100-continue"))?);
    let unknown = || Data::reader(&b"x"[..]);
    assert!(!ask(Opener::new(), unknown(), |request| request.expect_above(1))?);
    assert!(ask(Opener::new(), unknown(), |request| request.expect_above(0))?);
    let other = Request::new("http://127.0.0.1/")?.data("x").add_header("Expect", "200-ok");
    assert_eq!(fetch(other).unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}
