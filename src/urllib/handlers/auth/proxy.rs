//! [`ProxyBasicAuthHandler`], and what it has in common with `ProxyDigestAuthHandler`: answers to a proxy's 407,
//! whether it came to a request or to a CONNECT.

use ::http::{
    StatusCode,
    header::{PROXY_AUTHENTICATE, PROXY_AUTHORIZATION},
};
use url::Origin;

use super::{
    Credentials, PasswordManager,
    challenge::{Challenge, challenges},
    kept::Kept,
};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Data, Exchange, Handler, Next, Proxy, Request, Response, proxy::Shown},
};

/// Sends user name and password to HTTP proxies that ask for them by 407 and `Basic` (RFC 7617), and from then on at
/// once to the same proxy.
///
/// The passwords are those of a [`PasswordManager`], for the proxy's URL (`http://127.0.0.1:3128/`) and its realm. What
/// the proxy's own URL holds (`http://user:password@host/`) is sent at once without this handler. A header
/// `Proxy-Authorization` that the request has is left alone. Its order is 170; no opener has it by default.
///
/// Python: `urllib.request.ProxyBasicAuthHandler`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{PasswordManager, ProxyBasicAuthHandler, ProxyHandler, build_opener};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     let sent = request.headers().get("proxy-authorization").and_then(|value| value.to_str().ok());
/// #     match sent {
/// #         Some(sent) => response.send_response(StatusCode::OK).body(sent),
/// #         None => {
/// #             let asks = response.send_response(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
/// #             asks.send_header("Proxy-Authenticate", "Basic realm=\"Gate\"").body("")
/// #         }
/// #     }
/// # }))?;
/// # let proxy = format!("http://{}", server.addr());
/// let passwords = PasswordManager::new().add_password("Gate", &proxy, "ada", "1843")?;
/// let opener = build_opener()
///     .add_handler(ProxyHandler::new([("http", &proxy)])?)
///     .add_handler(ProxyBasicAuthHandler::new(passwords))
///     .build();
/// // This proxy answers with what it was shown.
/// assert_eq!(opener.open("http://example.org/")?.text()?, "Basic YWRhOjE4NDM=");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ProxyBasicAuthHandler {
    passwords: PasswordManager,
    kept: Kept<Credentials>,
}

impl ProxyBasicAuthHandler {
    /// With these passwords.
    ///
    /// Python: `ProxyBasicAuthHandler(password_mgr)`.
    #[must_use]
    pub fn new(passwords: PasswordManager) -> ProxyBasicAuthHandler {
        ProxyBasicAuthHandler { passwords, kept: Kept::default() }
    }
}

impl Answers for ProxyBasicAuthHandler {
    fn answer(&self, asked: &[Challenge], request: &Request, exchange: &mut Exchange<'_>) -> Outcome {
        let challenge = asked.iter().find(|challenge| challenge.scheme == "basic");
        let (Some(challenge), Some(proxy)) = (challenge, request.via()) else { return Outcome::Left };
        let realm = challenge.get("realm").unwrap_or_default();
        let found = self.passwords.find(Some(realm), proxy.url());
        let Some((found, value)) = found.and_then(|found| Some((found, found.basic().ok()?))) else {
            return Outcome::Left;
        };
        // By this request: what is kept may be another one's meanwhile.
        let was_shown = match request.shown() {
            Some(Shown::Value(shown)) => *shown == value,
            _ => proxy.login() == Some(found),
        };
        if was_shown || !first_time(exchange, proxy, realm) {
            // It is wrong.
            self.kept.remove(proxy.url());
            return Outcome::Left;
        }
        self.kept.put(proxy.url(), found.clone());
        Outcome::Again
    }
}

impl Handler for ProxyBasicAuthHandler {
    fn order(&self) -> i32 {
        170
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        let Some(proxy) = request.via().filter(|proxy| proxy.speaks_http()) else { return Ok(()) };
        // `ProxyDigestAuthHandler` comes first.
        if request.shown().is_some() {
            return Ok(());
        }
        if let Some(known) = self.kept.get(proxy.url()) {
            let value = known.basic()?;
            request.show(Shown::Value(value));
        }
        Ok(())
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        answer_response(self, request, response, exchange)
    }

    fn error(&self, request: &mut Request, error: Error, exchange: &mut Exchange<'_>) -> Result<Next> {
        answer_error(self, request, error, exchange)
    }
}

/// What comes of a proxy's challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is an answer, which the next round gives.
    Again,
    /// There is none.
    Left,
}

/// A handler that answers proxies.
pub(super) trait Answers {
    /// Prepares an answer for the next round, if there is one.
    fn answer(&self, asked: &[Challenge], request: &Request, exchange: &mut Exchange<'_>) -> Outcome;
}

/// Of a proxy that reads the requests.
pub(super) fn answer_response(
    handler: &impl Answers,
    request: &mut Request,
    response: Response,
    exchange: &mut Exchange<'_>,
) -> Result<Next> {
    // Only a plain request is answered by the proxy itself; what comes through a tunnel is the server's.
    let by_proxy = request.url().scheme() == "http" && request.unix().is_none();
    let resendable = request.data_ref().is_none_or(Data::is_replayable);
    if by_proxy && resendable && outcome(handler, request, &response, exchange) == Outcome::Again {
        response.discard();
        return Ok(Next::Again);
    }
    Ok(Next::Pass(response))
}

/// Of a proxy that was asked for a tunnel.
pub(super) fn answer_error(
    handler: &impl Answers,
    request: &mut Request,
    error: Error,
    exchange: &mut Exchange<'_>,
) -> Result<Next> {
    let answer = error.response().filter(|_| error.kind() == ErrorKind::Proxy);
    match answer.map(|response| outcome(handler, request, response, exchange)) {
        Some(Outcome::Again) => Ok(Next::Again),
        _ => Err(error),
    }
}

fn outcome(
    handler: &impl Answers,
    request: &Request,
    response: &Response,
    exchange: &mut Exchange<'_>,
) -> Outcome {
    let own = request.own(&PROXY_AUTHORIZATION).is_some()
        || exchange.opener().default_headers().contains_key(PROXY_AUTHORIZATION);
    let by_http = request.via().is_some_and(Proxy::speaks_http);
    if own || !by_http || response.status() != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Outcome::Left;
    }
    handler.answer(&challenges(response.headers(), &PROXY_AUTHENTICATE), request, exchange)
}

/// The challenges that were answered in this call.
#[derive(Clone, Default)]
struct Answered(Vec<(Origin, String)>);

fn first_time(exchange: &mut Exchange<'_>, proxy: &Proxy, realm: &str) -> bool {
    let answered = &mut exchange.state::<Answered>().0;
    let place = (proxy.url().origin(), realm.to_owned());
    let first = !answered.contains(&place);
    if first {
        answered.push(place);
    }
    first
}
