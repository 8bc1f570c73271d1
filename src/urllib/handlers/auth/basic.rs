//! [`BasicAuthHandler`]: user name and password as they are.

use ::http::{StatusCode, header::WWW_AUTHENTICATE};
use url::Position;

use super::{Credentials, PasswordManager, authorize, challenge::challenges, is_authorized, may_answer};
use crate::{
    error::Result,
    urllib::{Exchange, Handler, Next, Request, Response},
};

/// Sends user name and password (Basic, RFC 7617).
///
/// - Those of the URL (`http://user:password@host/`) at once. With a `DigestAuthHandler` in the chain they are that
///   one's.
/// - Those of a [`PasswordManager`] when the server asks for them by 401, for its realm; or at once
///   ([`preemptive`](Self::preemptive)), which saves a round and shows them to who didn't ask.
///
/// A header `Authorization` that the request has is left alone. Nothing is sent a second time after a 401. Each hop
/// of a redirect is looked at anew. Its order is 310; it is in every opener's chain, for what URLs hold.
///
/// Basic hides nothing: without TLS everybody on the way can read it.
///
/// Python: `urllib.request.HTTPBasicAuthHandler`, which takes nothing from the URL; `HTTPPasswordMgrWithPriorAuth`.
///
/// # Examples
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener, thread};
/// use sockeye::urllib::{BasicAuthHandler, PasswordManager, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # let server = thread::spawn(move || -> std::io::Result<()> {
/// #     for answer in ["401 Who?\r\nWWW-Authenticate: Basic realm=\"Staff\"", "200 OK"] {
/// #         let (mut peer, _) = listener.accept()?;
/// #         peer.read(&mut [0; 1024])?;
/// #         write!(peer, "HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
/// #     }
/// #     Ok(())
/// # });
/// let passwords = PasswordManager::new().add_password("Staff", &url, "ada", "1843")?;
/// let opener = build_opener().add_handler(BasicAuthHandler::new(passwords)).build();
/// assert_eq!(opener.open(&url)?.status(), 200); // after a 401 that asks for it
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct BasicAuthHandler {
    passwords: PasswordManager,
    when: When,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum When {
    #[default]
    Asked,
    AtOnce,
}

/// The challenges that were answered in this call, by place and realm.
#[derive(Clone, Default)]
struct Answered(Vec<(url::Origin, String)>);

/// Who takes the user info of URLs in this call.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum UserInfo {
    #[default]
    Basic,
    #[cfg(feature = "digest")]
    Digest,
}

impl BasicAuthHandler {
    /// With these passwords, for who asks.
    ///
    /// Python: `HTTPBasicAuthHandler(password_mgr)`.
    #[must_use]
    pub fn new(passwords: PasswordManager) -> BasicAuthHandler {
        BasicAuthHandler { passwords, when: When::Asked }
    }

    /// Sends them with the first request already, where the URL alone tells which ones. Default is to wait for a 401.
    ///
    /// Python: `HTTPPasswordMgrWithPriorAuth`, its argument `is_authenticated`.
    #[must_use]
    pub fn preemptive(self) -> BasicAuthHandler {
        BasicAuthHandler { when: When::AtOnce, ..self }
    }
}

impl Handler for BasicAuthHandler {
    fn order(&self) -> i32 {
        310
    }

    fn request(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        // As nearly always: there is nothing to show.
        let is_bare = request.url()[..Position::BeforeHost].ends_with("://");
        if is_bare && self.when == When::Asked || is_authorized(request) {
            return Ok(());
        }
        let value = match Credentials::of(request.url()) {
            Some(own) if *exchange.state::<UserInfo>() == UserInfo::Basic => own.basic()?,
            Some(_) => return Ok(()),
            None => match self.passwords.find_for_any(request.url()) {
                Some(found) => found.basic()?,
                None => return Ok(()),
            },
        };
        authorize(request, value);
        Ok(())
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        if response.status() != StatusCode::UNAUTHORIZED || !may_answer(request) {
            return Ok(Next::Pass(response));
        }
        let mut asked = challenges(response.headers(), &WWW_AUTHENTICATE).into_iter();
        let Some(challenge) = asked.find(|challenge| challenge.scheme == "basic") else {
            return Ok(Next::Pass(response));
        };
        let realm = challenge.get("realm").unwrap_or_default();
        let Some(found) = self.passwords.find(Some(realm), request.url()) else {
            return Ok(Next::Pass(response));
        };
        let (value, place) = (found.basic()?, (request.url().origin(), realm.to_owned()));
        let answered = exchange.state::<Answered>();
        // The same words were shown already, at once or when asked: they are wrong.
        if answered.0.contains(&place) || request.get_header("authorization") == Some(&value) {
            return Ok(Next::Pass(response));
        }
        answered.0.push(place);
        authorize(request, value);
        response.discard();
        Ok(Next::Again)
    }
}
