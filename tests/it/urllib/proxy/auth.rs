//! Proxies that ask who is asking.

use std::sync::atomic::{AtomicUsize, Ordering};

use sockeye::{
    ErrorKind, Result,
    urllib::{
        Data, Exchange, Handler, Next, Opener, PasswordManager, Proxy, ProxyBasicAuthHandler, ProxyHandler,
        Request, Response, build_opener,
    },
};

use super::{ME, hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

fn who(challenge: &str) -> Turn {
    say(format!("HTTP/1.1 407 Who?\r\nProxy-Authenticate: {challenge}\r\nContent-Length: 4\r\n\r\nwho?"))
}

fn passwords(proxy: &str) -> Result<PasswordManager> {
    PasswordManager::new().add_password("Gate", proxy, "me", "secret")
}

fn basic(proxy: &str) -> Result<Opener> {
    let proxies = ProxyHandler::new([("all", proxy)])?;
    Ok(build_opener().add_handler(proxies).add_handler(ProxyBasicAuthHandler::new(passwords(proxy)?)).build())
}

#[test]
fn basic_is_sent_when_asked_and_then_at_once() -> Result<()> {
    // What is shown is part of what a connection is kept for, so the answer goes by a second one.
    let proxy = Scripted::new(vec![
        vec![hear(), who("Basic realm=\"Gate\"")],
        vec![hear(), ok("in"), hear(), ok("again")],
    ]);
    let opener = basic(&proxy.url(""))?;
    assert_eq!(text(opener.open("http://h.example/x")?)?, "in");
    assert_eq!(text(opener.open("http://g.example/y")?)?, "again");
    let heard = proxy.heard();
    assert!(!heard[0].contains("uthorization"), "{heard:?}");
    assert_eq!(heard[1].matches(&format!("Proxy-Authorization: {ME}\r\n")).count(), 2, "{heard:?}");
    Ok(())
}

#[test]
fn a_wrong_password_is_sent_once() -> Result<()> {
    let proxy = Scripted::new(vec![
        vec![hear(), who("Basic realm=\"Gate\"")],
        vec![hear(), who("Basic realm=\"Gate\"")],
    ]);
    let error = basic(&proxy.url(""))?.open("http://h.example/").unwrap_err();
    assert_eq!(error.response().map(|response| response.getcode()), Some(407));
    assert_eq!(proxy.heard().concat().matches(ME).count(), 1);
    Ok(())
}

#[test]
fn another_realm_a_users_own_word_and_spent_data_are_left() -> Result<()> {
    for challenge in ["Basic realm=\"Else\"", "Negotiate", ""] {
        let proxy = one([hear(), who(challenge)]);
        assert_eq!(basic(&proxy.url(""))?.open("http://h.example/").unwrap_err().kind(), ErrorKind::Status);
        assert!(!proxy.heard()[0].contains("uthorization"));
    }
    let proxy = one([hear(), who("Basic realm=\"Gate\"")]);
    let own = Request::new("http://h.example/")?.add_header("Proxy-Authorization", "Bearer x");
    assert_eq!(basic(&proxy.url(""))?.open(own).unwrap_err().kind(), ErrorKind::Status);
    assert!(proxy.heard()[0].contains("Proxy-Authorization: Bearer x\r\n"));
    let proxy = one([Turn::Until("0\r\n\r\n"), who("Basic realm=\"Gate\"")]);
    let spent = Request::new("http://h.example/")?.data(Data::reader(&b"x"[..]));
    assert_eq!(basic(&proxy.url(""))?.open(spent).unwrap_err().kind(), ErrorKind::Status);
    Ok(())
}

#[test]
fn a_server_that_says_407_by_itself_gets_nothing() -> Result<()> {
    let server = one([hear(), who("Basic realm=\"Gate\"")]);
    let handler = ProxyBasicAuthHandler::new(passwords(&server.url("/"))?);
    let error = build_opener().add_handler(handler).build().open(server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert!(!server.heard()[0].contains("uthorization"));
    Ok(())
}

/// Opens another request between this proxy's question and the answer to it.
struct Between(AtomicUsize);

impl Handler for Between {
    fn order(&self) -> i32 {
        100
    }

    fn response(&self, _: &mut Request, response: Response, exchange: &mut Exchange<'_>) -> Result<Next> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            assert_eq!(text(exchange.opener().open("http://g.example/other")?)?, "other");
        }
        Ok(Next::Pass(response))
    }
}

/// What another request has found out meanwhile wasn't shown by this one.
#[test]
fn a_request_that_showed_nothing_answers_whatever_others_did() -> Result<()> {
    let proxy = Scripted::new(vec![
        vec![hear(), who("Basic realm=\"Gate\"")],
        vec![hear(), who("Basic realm=\"Gate\"")],
        vec![hear(), ok("other"), hear(), ok("in")],
    ]);
    let url = proxy.url("");
    let opener = build_opener()
        .add_handler(ProxyHandler::new([("all", &url)])?)
        .add_handler(ProxyBasicAuthHandler::new(passwords(&url)?))
        .add_handler(Between(AtomicUsize::new(0)))
        .build();
    assert_eq!(text(opener.open("http://h.example/")?)?, "in");
    assert_eq!(proxy.heard()[2].matches(ME).count(), 2);
    Ok(())
}

/// Through this proxy, directly, and through that one.
#[test]
fn what_a_proxy_is_shown_goes_to_no_other() -> Result<()> {
    let second = one([hear(), ok("there")]);
    let server = one([hear(), moved(302, "/second")]);
    let first = one([hear(), moved(302, "/direct")]);
    let [to_first, to_second] = [first.url(""), second.url("")].map(|url| Proxy::new(url).unwrap());
    let proxies = ProxyHandler::by(move |url| match url.path() {
        "/first" => Some(to_first.clone()),
        "/direct" => None,
        _ => Some(to_second.clone()),
    });
    let request = Request::new(server.url("/first"))?.add_header("Proxy-Authorization", "secret");
    assert_eq!(text(build_opener().add_handler(proxies).build().open(request)?)?, "there");
    assert!(first.heard()[0].contains("Proxy-Authorization: secret\r\n"));
    assert!(!server.heard()[0].contains("secret"));
    assert!(!second.heard()[0].contains("secret"));
    Ok(())
}

#[cfg(feature = "digest")]
mod digest {
    use sockeye::urllib::ProxyDigestAuthHandler;

    use super::*;

    const CHALLENGE: &str = "Digest realm=\"Gate\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

    fn digest(proxy: &str) -> Result<Opener> {
        let proxies = ProxyHandler::new([("all", proxy)])?;
        let handler = ProxyDigestAuthHandler::new(PasswordManager::new());
        Ok(build_opener().add_handler(proxies).add_handler(handler).build())
    }

    fn with_user(proxy: &Scripted) -> String {
        format!("http://me:secret@{}", proxy.addr())
    }

    #[test]
    fn a_challenge_is_answered_and_kept() -> Result<()> {
        let both = format!("Basic realm=\"Gate\", {CHALLENGE}");
        let proxy =
            Scripted::new(vec![vec![hear(), who(&both)], vec![hear(), ok("in"), hear(), ok("again")]]);
        let opener = digest(&with_user(&proxy))?;
        assert_eq!(text(opener.open("http://h.example/x?y")?)?, "in");
        assert_eq!(text(opener.open("http://g.example/z")?)?, "again");
        let heard = proxy.heard();
        assert!(!heard[0].contains("uthorization"), "{heard:?}");
        assert!(heard[1].contains("Proxy-Authorization: Digest username=\"me\""), "{heard:?}");
        assert!(heard[1].contains("uri=\"http://h.example/x?y\""), "{heard:?}");
        assert!(heard[1].contains("nc=00000001") && heard[1].contains("nc=00000002"), "{heard:?}");
        let all = heard.concat();
        assert!(!all.contains("Basic") && !all.contains("secret"), "{heard:?}");
        Ok(())
    }

    /// Another protocol than HTTP goes by CONNECT, whatever the scheme.
    #[test]
    fn what_connect_asks_for_is_what_is_answered() -> Result<()> {
        let proxy = Scripted::new(vec![vec![hear(), who(CHALLENGE)], vec![hear(), who("Basic realm=\"x\"")]]);
        let request = Request::new("http://h.example/chat")?.upgrade("websocket");
        digest(&with_user(&proxy))?.open(request).unwrap_err();
        let heard = proxy.heard();
        assert!(heard[1].starts_with("CONNECT h.example:80 HTTP/1.1\r\n"), "{heard:?}");
        assert!(heard[1].contains("uri=\"h.example:80\""), "{heard:?}");
        Ok(())
    }

    #[test]
    fn a_wrong_password_ends_and_so_does_a_proxy_that_calls_all_stale() -> Result<()> {
        let fresh = CHALLENGE.replace("n1", "n2");
        let stale = format!("{fresh}, stale=true");
        for (challenge, most) in [(&fresh, 2), (&stale, 4)] {
            let proxy = Scripted::new((0..9).map(|_| vec![hear(), who(challenge)]).collect());
            let error = digest(&with_user(&proxy))?.open("http://h.example/").unwrap_err();
            assert_eq!(error.response().map(|response| response.getcode()), Some(407));
            assert!(proxy.heard().len() <= most);
        }
        Ok(())
    }
}
