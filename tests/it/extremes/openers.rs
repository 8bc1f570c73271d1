//! Openers and requests that are set to nothing, and to more than there is.

use std::time::Duration;

use sockeye::{
    Result,
    http::{StatusCode, handler},
    urllib::{OpenerBuilder, QueryOptions, RedirectHandler, Request, RetryHandler, build_opener},
};

use super::{
    Case,
    Fate::{Answered, Either, Refused},
    LONG,
};
use crate::support::{Scripted, Serving, Turn, serve};

const OPENERS: &[Case<OpenerBuilder>] = &[
    ("timeout 0", |opener| opener.timeout(Duration::ZERO), Refused),
    ("timeout max", |opener| opener.timeout(Duration::MAX), Answered),
    ("read_timeout 0", |opener| opener.read_timeout(Duration::ZERO), Either),
    ("read_timeout max", |opener| opener.read_timeout(Duration::MAX), Answered),
    ("connect_timeout 0", |opener| opener.connect_timeout(Duration::ZERO), Either),
    ("connect_timeout max", |opener| opener.connect_timeout(Duration::MAX), Answered),
    ("stall_limit 0 in 0", |opener| opener.stall_limit(0, Duration::ZERO), Either),
    ("stall_limit 0 in max", |opener| opener.stall_limit(0, Duration::MAX), Answered),
    ("stall_limit max in 0", |opener| opener.stall_limit(u64::MAX, Duration::ZERO), Either),
    ("stall_limit max in max", |opener| opener.stall_limit(u64::MAX, Duration::MAX), Answered),
    ("expect_above 0", |opener| opener.expect_above(0), Answered),
    ("expect_above max", |opener| opener.expect_above(u64::MAX), Answered),
    ("max_body 0", |opener| opener.max_body(0), Refused),
    ("max_body max", |opener| opener.max_body(u64::MAX), Answered),
    ("max_idle 0", |opener| opener.max_idle(0), Answered),
    ("max_idle max", |opener| opener.max_idle(usize::MAX), Answered),
    ("max_idle_per_host 0", |opener| opener.max_idle_per_host(0), Answered),
    ("max_idle_per_host max", |opener| opener.max_idle_per_host(usize::MAX), Answered),
    ("idle_timeout 0", |opener| opener.idle_timeout(Duration::ZERO), Answered),
    ("idle_timeout max", |opener| opener.idle_timeout(Duration::MAX), Answered),
    ("redirects 0", |opener| opener.add_handler(RedirectHandler::new().limit(0)), Refused),
    ("redirects max", |opener| opener.add_handler(RedirectHandler::new().limit(usize::MAX)), Answered),
];

const REQUESTS: &[Case<Request>] = &[
    ("timeout 0", |request| request.timeout(Duration::ZERO), Refused),
    ("timeout max", |request| request.timeout(Duration::MAX), Answered),
    ("read_timeout 0", |request| request.read_timeout(Duration::ZERO), Either),
    ("read_timeout max", |request| request.read_timeout(Duration::MAX), Answered),
    ("connect_timeout 0", |request| request.connect_timeout(Duration::ZERO), Either),
    ("connect_timeout max", |request| request.connect_timeout(Duration::MAX), Answered),
    ("stall_limit max in 0", |request| request.stall_limit(u64::MAX, Duration::ZERO), Either),
    ("stall_limit max in max", |request| request.stall_limit(u64::MAX, Duration::MAX), Answered),
    ("expect_above 0", |request| request.expect_above(0), Answered),
    ("expect_above max", |request| request.expect_above(u64::MAX), Answered),
    ("max_body 0", |request| request.max_body(0), Refused),
    ("max_body max", |request| request.max_body(u64::MAX), Answered),
];

/// The server answers 503 first.
const RETRIES: &[Case<RetryHandler>] = &[
    ("attempts 0", |retry| retry.attempts(0), Refused),
    ("attempts max", |retry| retry.attempts(usize::MAX), Answered),
    ("backoff 0", |retry| retry.backoff(Duration::ZERO, Duration::ZERO), Answered),
    ("backoff max", |retry| retry.backoff(Duration::MAX, Duration::MAX), Refused),
    ("longest_retry_after 0", |retry| retry.longest_retry_after(Duration::ZERO), Answered),
    ("longest_retry_after max", |retry| retry.longest_retry_after(Duration::MAX), Answered),
    ("budget 0", |retry| retry.budget(0), Refused),
    ("budget max", |retry| retry.budget(u32::MAX), Answered),
];

/// Leads on to a page, with the data.
fn site() -> Serving {
    serve(handler(|request, response| match request.path() {
        "/" => {
            response.send_response(StatusCode::TEMPORARY_REDIRECT).send_header("Location", "/page").body("")
        }
        _ => {
            let data = request.text()?;
            response.send_response(StatusCode::OK).body(data)
        }
    }))
}

fn ask(opener: OpenerBuilder, request: Request) -> Result<String> {
    let opener = opener.build();
    let answer = opener.open(request.data("hello")).and_then(|response| response.text());
    assert!(answer.as_ref().map_or(true, |text| text == "hello"), "{answer:?}");
    answer
}

#[test]
fn openers() {
    let site = site();
    let request = || Request::new(site.url("/")).unwrap();
    for &(name, set, fate) in OPENERS {
        fate.check(name, ask(set(build_opener().timeout(LONG)), request()));
    }
    for &(name, set, fate) in REQUESTS {
        fate.check(name, ask(build_opener().timeout(LONG), set(request())));
    }
}

#[test]
fn retries() {
    for &(name, set, fate) in RETRIES {
        let connection = |answer: &str| vec![Turn::Until("\r\n\r\n"), Turn::Send(answer.into())];
        let busy = connection("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let server = Scripted::new(vec![
            busy,
            connection("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
        ]);
        let retry = set(RetryHandler::new().backoff(Duration::ZERO, Duration::ZERO));
        let opener = build_opener().timeout(LONG).add_handler(retry).build();
        fate.check(name, opener.open(server.url("/")));
    }
}

#[cfg(feature = "gzip")]
#[test]
fn decoded_bodies() {
    use sockeye::urllib::DecodeHandler;

    const CASES: &[Case<DecodeHandler>] = &[
        ("max_size 0", |decode| decode.max_size(0), Refused),
        ("max_size max", |decode| decode.max_size(u64::MAX), Answered),
        ("max_ratio 0", |decode| decode.max_ratio(0), Answered),
        ("max_ratio max", |decode| decode.max_ratio(u64::MAX), Answered),
    ];
    /// `hello`.
    const CODED: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
    let site = serve(handler(|_request, response| {
        response.send_response(StatusCode::OK).send_header("Content-Encoding", "gzip").body(CODED)
    }));
    for &(name, set, fate) in CASES {
        let opener = build_opener().timeout(LONG).add_handler(set(DecodeHandler::new()));
        fate.check(name, ask(opener, Request::new(site.url("/")).unwrap()));
    }
}

#[test]
fn queries() {
    let parse = |most| QueryOptions::new().max_num_fields(most).parse_qsl("a=1&b=2");
    Refused.check("max_num_fields 0", parse(0));
    Answered.check("max_num_fields max", parse(usize::MAX));
}

#[cfg(feature = "tls")]
#[test]
fn kept_sessions_of_tls() -> Result<()> {
    use std::io::{Read, Write};

    use sockeye::tls::ClientTls;

    use crate::support::tls::{Authority, TlsServer};

    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        stream.write_all(&byte)
    });
    for servers in [0, usize::MAX] {
        let tls = ClientTls::new().add_ca_pem(root.pem().as_bytes())?.sessions(servers);
        let mut client = sockeye::client::Connector::new().timeout(LONG).connect_tls(server.name(), &tls)?;
        client.sendall(b"x")?;
        assert_eq!(client.recv(usize::MAX)?, b"x", "sessions {servers}");
    }
    Ok(())
}
