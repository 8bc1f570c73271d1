//! [`DigestAuthHandler`]: proves that the password is known, without sending it. [`Digest`] serves servers (401) and
//! proxies (407) alike.

use std::{fmt, str::FromStr};

use ::http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use digest_auth::{Algorithm, AuthContext, Charset, HttpMethod, Qop, WwwAuthenticateHeader};
use url::Origin;

use super::{
    Credentials, PasswordManager, authorize,
    basic::UserInfo,
    challenge::{Challenge, challenges},
    is_authorized,
    kept::Kept,
    may_answer, secret,
};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Next, Request, Response},
};

/// How often a server may call its own challenge stale within one call.
const STALE: usize = 2;

/// Answers Digest challenges (RFC 7616): SHA-256, SHA-512/256 and MD5, `auth` and `auth-int`, with a 401 first, and
/// from then on at once, with the same nonce, for that scheme, host and port.
///
/// User name and password come from the URL or from a [`PasswordManager`]. A header `Authorization` that the request
/// has is left alone; a challenge that was answered in vain isn't answered again, unless the server says that it was
/// stale. Where a server offers Basic as well, Digest it is. Its order is 300.
///
/// Python: `urllib.request.HTTPDigestAuthHandler`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{DigestAuthHandler, PasswordManager, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     let sent = request.headers().get("authorization").and_then(|value| value.to_str().ok());
/// #     match sent {
/// #         Some(sent) => response.send_response(StatusCode::OK).body(sent),
/// #         None => {
/// #             let asks = "Digest realm=\"Staff\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
/// #             response.send_response(StatusCode::UNAUTHORIZED).send_header("WWW-Authenticate", asks).body("")
/// #         }
/// #     }
/// # }))?;
/// # let url = format!("http://{}/", server.addr());
/// let passwords = PasswordManager::new().add_password(None, &url, "ada", "1843")?;
/// let opener = build_opener().add_handler(DigestAuthHandler::new(passwords)).build();
/// // This server asks for a digest, and answers with what it was sent then.
/// let sent = std::io::read_to_string(opener.open(&url)?)?;
/// assert!(sent.starts_with("Digest ") && sent.contains("username=\"ada\"") && !sent.contains("1843"), "{sent}");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct DigestAuthHandler {
    passwords: PasswordManager,
    kept: Kept<(Digest, Credentials)>,
}

/// A challenge that can be answered.
#[derive(Clone, Debug)]
pub(in crate::urllib) struct Digest(WwwAuthenticateHeader);

/// What an answer is about.
pub(in crate::urllib) struct Asked<'a> {
    pub(in crate::urllib) method: &'a str,
    /// As the request line has it.
    pub(in crate::urllib) target: &'a str,
    /// What is sent with it, if that is at hand.
    pub(in crate::urllib) data: Option<&'a [u8]>,
}

impl<'a> Asked<'a> {
    /// The request, with what stands in its first line.
    pub(in crate::urllib) fn by(request: &'a Request, target: &'a str) -> Asked<'a> {
        let data = match request.data_ref() {
            Some(data) => data.bytes(),
            None => Some(&[][..]),
        };
        Asked { method: request.get_method().as_str(), target, data }
    }
}

/// The challenges that were answered in this call: the place, the realm, how often.
#[derive(Clone, Default)]
struct Answered(Vec<(Origin, String, usize)>);

impl Digest {
    /// The challenge, if it is one of Digest with known means.
    pub(in crate::urllib) fn from_challenge(challenge: &Challenge) -> Option<Digest> {
        if challenge.scheme != "digest" {
            return None;
        }
        let get = |name| challenge.get(name);
        let says_true = |name| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let algorithm = match get("algorithm") {
            // Names are written in this case; servers write them in any.
            Some(name) => Algorithm::from_str(&name.to_ascii_uppercase().replace("-SESS", "-sess")).ok()?,
            None => Algorithm::default(),
        };
        let qop = get("qop").map(|list| {
            list.split(',')
                .filter_map(|name| Qop::from_str(&name.trim().to_ascii_lowercase()).ok())
                .collect::<Vec<_>>()
        });
        if qop.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let utf8 = get("charset").is_some_and(|value| value.eq_ignore_ascii_case("utf-8"));
        Some(Digest(WwwAuthenticateHeader {
            domain: None,
            realm: get("realm")?.to_owned(),
            nonce: get("nonce")?.to_owned(),
            opaque: get("opaque").map(str::to_owned),
            stale: says_true("stale"),
            algorithm,
            qop,
            userhash: says_true("userhash"),
            charset: if utf8 { Charset::UTF8 } else { Charset::ASCII },
            nc: 0,
        }))
    }

    /// The realm that is asked for.
    pub(in crate::urllib) fn realm(&self) -> &str {
        &self.0.realm
    }

    /// Whether it only asks for the same with a fresh nonce.
    pub(in crate::urllib) fn is_stale(&self) -> bool {
        self.0.stale
    }

    /// One for the next answer, which this one counts: working it out may take long, and needn't keep others waiting.
    pub(in crate::urllib) fn take_turn(&mut self) -> Digest {
        let next = self.clone();
        self.0.nc += 1;
        next
    }

    /// The header's value; each answer counts the nonce's use.
    pub(in crate::urllib) fn answer(
        &mut self,
        credentials: &Credentials,
        asked: &Asked<'_>,
    ) -> Result<HeaderValue> {
        let mut prompt = self.0.clone();
        if let Some(offered) = &prompt.qop {
            // The data's digest only where nothing else will do.
            let chosen = if offered.contains(&Qop::AUTH) { Qop::AUTH } else { Qop::AUTH_INT };
            if chosen == Qop::AUTH_INT && asked.data.is_none() {
                let message = "the server wants a digest of data that can be read only once";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            prompt.qop = Some(vec![chosen]);
        }
        let (user, password) = (credentials.user.as_str(), credentials.password.as_str());
        let method = HttpMethod::from(asked.method);
        let context = AuthContext::new_with_method(user, password, asked.target, asked.data, method);
        let answer = prompt.respond(&context).map_err(|error| {
            Error::with_source(ErrorKind::Protocol, "the server's Digest challenge can't be answered", error)
        })?;
        self.0.nc = prompt.nc;
        secret(&answer.to_string())
    }
}

impl DigestAuthHandler {
    /// With these passwords.
    ///
    /// Python: `HTTPDigestAuthHandler(password_mgr)`.
    #[must_use]
    pub fn new(passwords: PasswordManager) -> DigestAuthHandler {
        DigestAuthHandler { passwords, kept: Kept::default() }
    }

    /// The first challenge that can be answered: servers name the strongest first (RFC 7616 §3.7).
    fn challenge(&self, request: &Request, response: &Response) -> Option<(Digest, Credentials)> {
        let asked = challenges(response.headers(), &WWW_AUTHENTICATE);
        asked.iter().filter_map(Digest::from_challenge).find_map(|digest| {
            let own = Credentials::of(request.url());
            let found = own.or_else(|| self.passwords.find(Some(digest.realm()), request.url()).cloned())?;
            Some((digest, found))
        })
    }

    /// The challenge that was answered before, for the user whom this request is of.
    fn kept_for(&self, request: &Request) -> Option<(Digest, Credentials)> {
        let mut kept = self.kept.lock();
        let (digest, credentials) = kept.get_mut(&request.url().origin())?;
        let own = Credentials::of(request.url());
        let wanted = match &own {
            Some(own) => Some(own),
            None => self.passwords.find(Some(digest.realm()), request.url()),
        };
        (wanted == Some(&*credentials)).then(|| (digest.take_turn(), credentials.clone()))
    }

    /// Answers for this request, and keeps the challenge for the next ones.
    fn answer(&self, request: &mut Request, mut digest: Digest, credentials: Credentials) -> Result<()> {
        let value = digest.answer(&credentials, &Asked::by(request, request.selector()))?;
        self.kept.put(request.url(), (digest, credentials));
        authorize(request, value);
        Ok(())
    }
}

impl Handler for DigestAuthHandler {
    fn order(&self) -> i32 {
        300
    }

    fn request(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        // The password isn't for Basic to show.
        *exchange.state::<UserInfo>() = UserInfo::Digest;
        if is_authorized(request) {
            return Ok(());
        }
        let Some((mut digest, credentials)) = self.kept_for(request) else { return Ok(()) };
        // What can't be answered beforehand may be answered when it is asked.
        if let Ok(value) = digest.answer(&credentials, &Asked::by(request, request.selector())) {
            authorize(request, value);
        }
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
        let Some((digest, credentials)) = self.challenge(request, &response) else {
            return Ok(Next::Pass(response));
        };
        let place = request.url().origin();
        let answered = &mut exchange.state::<Answered>().0;
        let before = answered.iter_mut().find(|(there, realm, _)| *there == place && realm == digest.realm());
        match before {
            Some((_, _, times)) if digest.is_stale() && *times <= STALE => *times += 1,
            Some(_) => return Ok(Next::Pass(response)),
            None => answered.push((place, digest.realm().to_owned(), 1)),
        }
        if self.answer(request, digest, credentials).is_err() {
            return Ok(Next::Pass(response));
        }
        response.discard();
        Ok(Next::Again)
    }
}

impl fmt::Debug for DigestAuthHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestAuthHandler").field("passwords", &self.passwords).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderMap;

    use super::*;

    fn digest(challenge: &str) -> Option<Digest> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(challenge.as_bytes()).unwrap());
        challenges(&headers, &WWW_AUTHENTICATE).iter().find_map(Digest::from_challenge)
    }

    fn answer(challenge: &str, data: Option<&[u8]>) -> Result<String> {
        let mut digest = digest(challenge).ok_or(ErrorKind::Unsupported)?;
        let asked = Asked { method: "GET", target: "/dir/index.html", data };
        let value = digest.answer(&Credentials::new("Mufasa", "CircleOfLife"), &asked)?;
        Ok(value.to_str().unwrap().to_owned())
    }

    /// RFC 2069 §2.4, whose answer has no nonce of the client's and so is always the same (as its errata have it).
    #[test]
    fn without_qop() -> Result<()> {
        let said = answer(
            "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
            None,
        )?;
        assert!(said.starts_with("Digest username=\"Mufasa\", realm=\"testrealm@host.com\""), "{said}");
        assert!(said.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{said}");
        Ok(())
    }

    #[test]
    fn means_are_chosen() -> Result<()> {
        let with = |rest: &str| format!("Digest realm=\"r\", nonce=\"n\", {rest}");
        assert!(answer(&with("qop=\"auth-int,auth\""), None)?.contains("qop=auth,"));
        assert!(answer(&with("qop=\"auth-int\""), Some(b"x"))?.contains("qop=auth-int,"));
        assert_eq!(answer(&with("qop=\"auth-int\""), None).unwrap_err().kind(), ErrorKind::Unsupported);
        assert!(answer(&with("algorithm=sha-256-SESS, qop=auth"), None)?.contains("algorithm=SHA-256-sess"));
        assert!(digest(&with("qop=\"sign\"")).is_none());
        assert!(digest(&with("algorithm=ROT13")).is_none());
        assert!(digest("Digest realm=\"r\"").is_none());
        assert!(digest("Basic realm=\"r\", nonce=\"n\"").is_none());
        // The crate's own parser panics on these.
        assert!(digest("Digest realm=\"é\", nonce=\"ü\", qop=auth").is_some());
        assert!(digest("Digest é=\"x\", realm=\"r\", nonce=\"n\"").is_none());
        Ok(())
    }

    #[test]
    fn uses_of_a_nonce_are_counted() -> Result<()> {
        let mut digest = digest("Digest realm=\"r\", nonce=\"n\", qop=auth").ok_or(ErrorKind::Unsupported)?;
        let asked = Asked { method: "GET", target: "/", data: None };
        for count in ["nc=00000001", "nc=00000002"] {
            let value = digest.answer(&Credentials::new("a", "b"), &asked)?;
            assert!(value.to_str().unwrap().contains(count));
        }
        let mut turns = [digest.take_turn(), digest.take_turn()];
        for (turn, count) in turns.iter_mut().zip(["nc=00000003", "nc=00000004"]) {
            let value = turn.answer(&Credentials::new("a", "b"), &asked)?;
            assert!(value.to_str().unwrap().contains(count));
        }
        Ok(())
    }
}
