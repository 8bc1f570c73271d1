//! [`ProxyDigestAuthHandler`]: proves to a proxy that the password is known, without sending it.

use url::Position;

use super::{
    Credentials, PasswordManager,
    challenge::Challenge,
    digest::{Asked, Digest},
    kept::Kept,
    proxy::{Answers, Outcome, answer_error, answer_response},
};
use crate::{
    error::{Error, Result},
    urllib::{Exchange, Handler, Next, Request, Response, proxy::Shown},
};

/// How often a proxy may ask within one call: a proxy that knows the nonce no more asks once again.
const TIMES: usize = 3;

/// Answers Digest challenges (RFC 7616) of HTTP proxies, to plain requests and to CONNECT: with a 407 first, and from
/// then on at once, with the same nonce.
///
/// User name and password are those of the proxy's URL, which aren't sent as they are then, or of a
/// [`PasswordManager`], for the proxy's URL and its realm. A challenge that was answered in vain isn't answered again,
/// unless the proxy says that it was stale. Where a proxy offers Basic as well, Digest it is. Its order is 160; no
/// opener has it by default.
///
/// Python: `urllib.request.ProxyDigestAuthHandler`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{PasswordManager, ProxyDigestAuthHandler, ProxyHandler, build_opener};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     let sent = request.headers().get("proxy-authorization").and_then(|value| value.to_str().ok());
/// #     match sent {
/// #         Some(sent) => response.send_response(StatusCode::OK).body(sent),
/// #         None => {
/// #             let asks = response.send_response(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
/// #             asks.send_header("Proxy-Authenticate", "Digest realm=\"Gate\", nonce=\"n\", qop=\"auth\"").body("")
/// #         }
/// #     }
/// # }))?;
/// # let proxy = server.addr();
/// let opener = build_opener()
///     .add_handler(ProxyHandler::new([("http", format!("http://ada:1843@{proxy}"))])?)
///     .add_handler(ProxyDigestAuthHandler::new(PasswordManager::new()))
///     .build();
/// // This proxy answers with what it was shown.
/// let shown = opener.open("http://example.org/x")?.text()?;
/// assert!(shown.starts_with("Digest ") && shown.contains("uri=\"http://example.org/x\""), "{shown}");
/// assert!(shown.contains("username=\"ada\"") && !shown.contains("1843"), "{shown}");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ProxyDigestAuthHandler {
    passwords: PasswordManager,
    kept: Kept<(Digest, Credentials)>,
}

/// How many challenges were answered in this call.
#[derive(Clone, Default)]
struct Times(usize);

impl ProxyDigestAuthHandler {
    /// With these passwords.
    ///
    /// Python: `ProxyDigestAuthHandler(password_mgr)`.
    #[must_use]
    pub fn new(passwords: PasswordManager) -> ProxyDigestAuthHandler {
        ProxyDigestAuthHandler { passwords, kept: Kept::default() }
    }
}

impl Answers for ProxyDigestAuthHandler {
    fn answer(&self, asked: &[Challenge], request: &Request, exchange: &mut Exchange<'_>) -> Outcome {
        let Some(proxy) = request.via() else { return Outcome::Left };
        self.kept.remove(proxy.url());
        // The first one that can be answered: the strongest comes first (RFC 7616 §3.7).
        let found = asked.iter().filter_map(Digest::from_challenge).find_map(|digest| {
            let login = proxy.login().or_else(|| self.passwords.find(Some(digest.realm()), proxy.url()));
            Some((digest, login?.clone()))
        });
        let Some((digest, login)) = found else { return Outcome::Left };
        let answered = matches!(request.shown(), Some(Shown::Answer { user, .. }) if *user == login);
        // An answer that was kept from an earlier call may be to a nonce that is over, whatever the proxy says.
        let times = exchange.state::<Times>();
        if answered && times.0 > 0 && !digest.is_stale() || times.0 >= TIMES {
            return Outcome::Left;
        }
        times.0 += 1;
        self.kept.put(proxy.url(), (digest, login));
        Outcome::Again
    }
}

impl Handler for ProxyDigestAuthHandler {
    fn order(&self) -> i32 {
        160
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        let Some(proxy) = request.via().filter(|proxy| proxy.speaks_http()) else { return Ok(()) };
        let kept = match self.kept.lock().get_mut(&proxy.url().origin()) {
            // The proxy's URL may name another user by now.
            Some((digest, login)) if proxy.login().is_none_or(|own| own == login) => {
                Some((digest.take_turn(), login.clone()))
            }
            _ => None,
        };
        let shown = match kept {
            Some((mut digest, user)) => {
                let value = about(request, |asked| digest.answer(&user, asked));
                // What can't be answered is left for the proxy to refuse.
                Some(value.map_or(Shown::Nothing, |value| Shown::Answer { value, user }))
            }
            // The password isn't for Basic to show.
            None => proxy.login().map(|_| Shown::Nothing),
        };
        request.show(shown);
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

/// What the proxy reads: the request itself, or the CONNECT before it.
fn about<T>(request: &Request, answer: impl FnOnce(&Asked<'_>) -> T) -> T {
    let url = request.url();
    if request.wants_a_way() {
        let port = url.port_or_known_default().unwrap_or_default();
        let target = format!("{}:{port}", &url[Position::BeforeHost..Position::AfterHost]);
        return answer(&Asked { method: "CONNECT", target: &target, data: Some(&[]) });
    }
    let target = format!("{}://{}", url.scheme(), &url[Position::BeforeHost..Position::AfterQuery]);
    answer(&Asked::by(request, &target))
}
