//! A door for fuzzers: redirects. No public API, and gone or different in any release.

// Only the crate's root shows it.
#![allow(unreachable_pub, missing_docs)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, LOCATION},
};
use url::Url;

use super::{Exchange, Handler, Request, Response, address, build_opener, testing::Answer};
use crate::error::{ErrorKind, Result};

/// What belongs to the first place alone.
const SECRET: &str = "5ecr3t";
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// Lines of any bytes: where a request goes, and the `Location` of each answer that it meets. Panics if a promise is
/// broken: every hop goes to a clean http URL, none from https down to http, and what is secret goes to no place but
/// the first, nor back to it.
pub fn redirect(bytes: &[u8]) {
    if bytes.windows(SECRET.len()).any(|part| part.eq_ignore_ascii_case(SECRET.as_bytes())) {
        return;
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let Ok(request) = Request::new(first) else { return };
    if !matches!(request.url().scheme(), "http" | "https") {
        return;
    }
    let mut url = request.url().clone();
    // An http URL can have one.
    let _ = url.set_password(Some(SECRET));
    let hops = Hops::default();
    hops.lock().locations = lines.map(<[u8]>::to_vec).collect();
    let request = Request::from(url)
        .data("data")
        .add_header("Authorization", SECRET)
        .add_header("Cookie", SECRET)
        .add_header("X-Api-Key", SECRET)
        .add_unredirected_header("X-Once", SECRET);
    let outcome = build_opener().add_handler(hops.clone()).build().open(request);
    let asked = &hops.lock().asked;
    check(asked);
    match outcome {
        Ok(response) => {
            assert_eq!(response.url().as_str(), asked.last().map(|hop| hop.url.as_str()).unwrap_or_default());
            assert_eq!(response.history().len() + 1, asked.len());
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Redirect, "{error}"),
    }
}

fn check(asked: &[Hop]) {
    assert!((1..=11).contains(&asked.len()), "{} hops", asked.len());
    let first = &asked[0].url;
    let mut has_left = false;
    for hop in asked {
        let url = &hop.url;
        assert!(matches!(url.scheme(), "http" | "https"), "{url}");
        assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
        assert!(hop.selector.starts_with('/') && !hop.selector.contains('#'), "{url}");
        assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
        assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url), "not the same again");
        has_left |= !address::same_origin(first, url);
        let secrets = hop.headers.values().filter(|value| *value == SECRET).count();
        assert!(!has_left || (secrets == 0 && !url.as_str().contains(SECRET)), "{url}: {:?}", hop.headers);
        // Another place's URL may name a user of its own.
        let has_user = !url.username().is_empty() || url.password().is_some();
        assert!(!has_left || has_user || !hop.headers.contains_key(AUTHORIZATION), "{url}");
    }
    for (from, to) in asked.iter().zip(asked.iter().skip(1)) {
        assert!(
            (from.url.scheme(), to.url.scheme()) != ("https", "http"),
            "{} leads to {}",
            from.url,
            to.url
        );
    }
}

/// Answers everything: with the next redirect, in the end with a page.
#[derive(Clone, Default)]
struct Hops(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    locations: VecDeque<Vec<u8>>,
    asked: Vec<Hop>,
}

struct Hop {
    url: Url,
    selector: String,
    headers: HeaderMap,
}

impl Hops {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Hops {
    fn order(&self) -> i32 {
        1000
    }

    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        let mut headers = request.headers().clone();
        headers.extend(request.unredirected_headers().clone());
        let mut inner = self.lock();
        inner.asked.push(Hop {
            url: request.url().clone(),
            selector: request.selector().to_owned(),
            headers,
        });
        let answer = Answer::new("");
        // What can't be a header's value isn't received as one.
        let location = inner.locations.pop_front().and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        let answer = match location {
            Some(location) => {
                let status = STATUSES[location.len() % STATUSES.len()];
                answer.status(status).header(LOCATION, location)
            }
            None => answer,
        };
        Some(answer.into_response(request))
    }
}
