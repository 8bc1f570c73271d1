//! Who asks, and who hears of it.

use sockeye::{
    ErrorKind, Result,
    urllib::{
        BasicAuthHandler, BearerAuthHandler, Data, Netrc, NetrcHandler, Opener, PasswordManager, Request,
        build_opener,
    },
};

use super::{fetch, hear, moved, ok, one, say, text};
use crate::support::Turn;

const ME: &str = "authorization: Basic bWU6c2VjcmV0\r\n";

fn who(challenge: &str) -> Turn {
    say(format!("HTTP/1.1 401 Who?\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 4\r\n\r\nwho?"))
}

fn passwords(url: &str) -> Result<PasswordManager> {
    PasswordManager::new().add_password("Staff", url, "me", "secret")
}

fn basic(url: &str) -> Result<Opener> {
    Ok(build_opener().add_handler(BasicAuthHandler::new(passwords(url)?)).build())
}

#[test]
fn basic_waits_until_it_is_asked() -> Result<()> {
    let server = one([hear(), who("Basic realm=\"Staff\""), hear(), ok("in")]);
    assert_eq!(text(basic(&server.url("/"))?.open(server.url("/x"))?)?, "in");
    let heard = server.heard();
    let (first, second) = heard[0].split_at(heard[0].find("\r\n\r\n").unwrap());
    assert!(!first.contains("uthorization") && second.contains(ME), "{heard:?}");
    Ok(())
}

#[test]
fn a_wrong_password_is_sent_once() -> Result<()> {
    let server = one([hear(), who("Basic realm=\"Staff\""), hear(), who("Basic realm=\"Staff\"")]);
    let error = basic(&server.url("/"))?.open(server.url("/")).unwrap_err();
    assert_eq!(error.response().map(|response| response.getcode()), Some(401));
    assert_eq!(server.heard()[0].matches(ME).count(), 1);
    Ok(())
}

#[test]
fn another_realm_or_scheme_gets_nothing() -> Result<()> {
    for challenge in ["Basic realm=\"Else\"", "Negotiate", "Bearer realm=\"Staff\""] {
        let server = one([hear(), who(challenge)]);
        assert_eq!(basic(&server.url("/"))?.open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
        assert!(!server.heard()[0].contains("uthorization"));
    }
    Ok(())
}

#[test]
fn the_users_own_word_is_left_alone() -> Result<()> {
    let server = one([hear(), who("Basic realm=\"Staff\"")]);
    let request = Request::new(server.url("/"))?.bearer_auth("token");
    assert_eq!(basic(&server.url("/"))?.open(request).unwrap_err().kind(), ErrorKind::Status);
    let heard = server.heard();
    assert!(heard[0].contains("authorization: Bearer token\r\n") && !heard[0].contains("Basic"), "{heard:?}");
    Ok(())
}

#[test]
fn data_that_went_out_is_not_sent_again() -> Result<()> {
    let server = one([Turn::Until("0\r\n\r\n"), who("Basic realm=\"Staff\"")]);
    let request = Request::new(server.url("/"))?.data(Data::reader(&b"x"[..]));
    assert_eq!(basic(&server.url("/"))?.open(request).unwrap_err().kind(), ErrorKind::Status);
    let server = one([Turn::Until("a=b"), who("Basic realm=\"Staff\""), Turn::Until("a=b"), ok("in")]);
    let request = Request::new(server.url("/"))?.data("a=b");
    assert_eq!(text(basic(&server.url("/"))?.open(request)?)?, "in");
    Ok(())
}

#[test]
fn it_can_be_sent_at_once_and_only_there() -> Result<()> {
    let other = one([hear(), ok("there")]);
    let server = one([hear(), moved(302, &other.url("/"))]);
    let handler = BasicAuthHandler::new(passwords(&server.url("/"))?).preemptive();
    let opener = build_opener().add_handler(handler).build();
    assert_eq!(text(opener.open(server.url("/x"))?)?, "there");
    assert!(server.heard()[0].contains(ME));
    assert!(!other.heard()[0].contains("uthorization"));
    Ok(())
}

#[test]
fn what_the_url_holds_is_sent_at_once() -> Result<()> {
    let server = one([hear(), moved(302, "/y"), hear(), ok("in")]);
    assert_eq!(fetch(format!("http://me:s%65cret@{}/x", server.addr()))?, "in");
    let heard = server.heard();
    // A relative redirect stays in the same place, with the same user info.
    assert_eq!(heard[0].matches(ME).count(), 2, "{heard:?}");
    assert!(!heard[0].contains('@'), "{heard:?}");
    let other = one([hear(), ok("there")]);
    let server = one([hear(), moved(302, &other.url("/"))]);
    assert_eq!(fetch(format!("http://me:secret@{}/x", server.addr()))?, "there");
    assert!(!other.heard()[0].contains("uthorization"));
    Ok(())
}

#[test]
fn a_token_is_for_one_place() -> Result<()> {
    let other = one([hear(), ok("there")]);
    let server = one([hear(), moved(302, &other.url("/"))]);
    let opener = build_opener().add_handler(BearerAuthHandler::new(server.url("/"), "t0k.en")?).build();
    assert_eq!(text(opener.open(server.url("/x"))?)?, "there");
    assert!(server.heard()[0].contains("authorization: Bearer t0k.en\r\n"));
    assert!(!other.heard()[0].contains("uthorization"));
    assert!(BearerAuthHandler::new("http://h/", "a\r\nb").is_err());
    Ok(())
}

#[test]
fn netrc_is_for_the_first_host_alone() -> Result<()> {
    let netrc = Netrc::parse("machine 127.0.0.1 login me password secret\ndefault login x password y")?;
    let opener = build_opener().add_handler(NetrcHandler::new(netrc)).build();
    // The port differs: even the same host gets nothing after a redirect (curl CVE-2022-27774).
    let other = one([hear(), ok("there")]);
    let server = one([hear(), moved(302, "/y"), hear(), moved(302, &other.url("/"))]);
    assert_eq!(text(opener.open(server.url("/x"))?)?, "there");
    assert_eq!(server.heard()[0].matches(ME).count(), 2);
    assert!(!other.heard()[0].contains("uthorization"));
    let server = one([hear(), ok("by name")]);
    let by_name = format!("http://localhost:{}/", server.addr().port());
    assert_eq!(text(opener.open(by_name)?)?, "by name");
    assert!(!server.heard()[0].contains("uthorization"), "`default` is never used");
    Ok(())
}

#[cfg(feature = "digest")]
mod digest {
    use sockeye::urllib::DigestAuthHandler;

    use super::*;

    const CHALLENGE: &str = "Digest realm=\"Staff\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

    fn opener(url: &str) -> Result<Opener> {
        Ok(build_opener().add_handler(DigestAuthHandler::new(passwords(url)?)).build())
    }

    #[test]
    fn a_challenge_is_answered_and_kept() -> Result<()> {
        let both = format!("Basic realm=\"Staff\", {CHALLENGE}");
        let server = one([hear(), who(&both), hear(), ok("in"), hear(), ok("again")]);
        let opener = opener(&server.url("/"))?;
        assert_eq!(text(opener.open(server.url("/x?y"))?)?, "in");
        assert_eq!(text(opener.open(server.url("/z"))?)?, "again");
        let heard = server.heard();
        assert!(heard[0].contains("username=\"me\"") && heard[0].contains("uri=\"/x?y\""), "{heard:?}");
        assert!(heard[0].contains("nc=00000001") && heard[0].contains("nc=00000002"), "{heard:?}");
        assert!(!heard[0].contains("Basic") && !heard[0].contains("secret"), "{heard:?}");
        Ok(())
    }

    #[test]
    fn a_stale_nonce_is_renewed_and_a_wrong_password_is_not_repeated() -> Result<()> {
        let fresh = CHALLENGE.replace("n1", "n2");
        let stale = format!("{fresh}, stale=true");
        let server = one([hear(), who(CHALLENGE), hear(), who(&stale), hear(), ok("in")]);
        assert_eq!(text(opener(&server.url("/"))?.open(server.url("/"))?)?, "in");
        assert!(server.heard()[0].contains("nonce=\"n2\""));
        let server = one([hear(), who(CHALLENGE), hear(), who(&fresh)]);
        assert_eq!(opener(&server.url("/"))?.open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
        // A server that calls everything stale is left after a few rounds.
        let turns: Vec<Turn> = (0..9).flat_map(|_| [hear(), who(&stale)]).collect();
        let server = one(turns);
        assert_eq!(opener(&server.url("/"))?.open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
        assert!(server.heard()[0].matches("GET").count() < 6);
        Ok(())
    }

    #[test]
    fn what_the_url_holds_is_not_shown() -> Result<()> {
        let server = one([hear(), who(CHALLENGE), hear(), ok("in")]);
        let opener = build_opener().add_handler(DigestAuthHandler::default()).build();
        assert_eq!(text(opener.open(format!("http://me:secret@{}/", server.addr()))?)?, "in");
        let heard = server.heard();
        assert!(heard[0].contains("Digest username=\"me\"") && !heard[0].contains("Basic"), "{heard:?}");
        Ok(())
    }
}
