//! What a server or a proxy asks for in `WWW-Authenticate` or `Proxy-Authenticate` (RFC 9110 §11.6.1).

use ::http::{HeaderMap, HeaderName};

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::urllib) struct Challenge {
    /// In lower case: `basic`, `digest`.
    pub(in crate::urllib) scheme: String,
    /// Names in lower case, values without their quotes.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter by its name in lower case.
    pub(in crate::urllib) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// All challenges of that header, in order. What can't be read ends the list of its field line: nothing is made up.
pub(in crate::urllib) fn challenges(headers: &HeaderMap, name: &HeaderName) -> Vec<Challenge> {
    let mut found = Vec::new();
    for value in headers.get_all(name) {
        // Bytes beyond ASCII stand in quoted strings only; they are UTF-8 or nothing.
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            read(text, &mut found);
        }
    }
    found
}

fn read(text: &str, found: &mut Vec<Challenge>) {
    let start = found.len();
    let mut rest = skip(text, |c| matches!(c, ',' | ' ' | '\t'));
    while !rest.is_empty() {
        let (token, after) = split(rest, is_token);
        if token.is_empty() {
            return;
        }
        let next = skip(after, |c| matches!(c, ' ' | '\t'));
        rest = match next.strip_prefix('=') {
            Some(value) if found.len() > start => match parameter(value) {
                Some((value, rest)) => {
                    if let Some(last) = found.last_mut() {
                        last.parameters.push((token.to_ascii_lowercase(), value));
                    }
                    rest
                }
                None => return,
            },
            Some(_) => return,
            None => {
                let scheme = token.to_ascii_lowercase();
                found.push(Challenge { scheme, parameters: Vec::new() });
                without_token68(next)
            }
        };
        rest = skip(rest, |c| matches!(c, ',' | ' ' | '\t'));
    }
}

/// A value behind `name=`, a token or a quoted string, and what follows it.
fn parameter(text: &str) -> Option<(String, &str)> {
    let text = skip(text, |c| matches!(c, ' ' | '\t'));
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = split(text, is_token);
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return Some((value, &quoted[at + 1..])),
            '\\' if !escaped => escaped = true,
            c => {
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

/// `Negotiate dGVzdA==`: what stands in the place of parameters is passed over.
fn without_token68(text: &str) -> &str {
    let (token, rest) = split(text, |c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
    let rest = skip(rest, |c| c == '=');
    let ends = skip(rest, |c| matches!(c, ' ' | '\t'));
    if !token.is_empty() && (ends.is_empty() || ends.starts_with(',')) { rest } else { text }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn skip(text: &str, passed: impl Fn(char) -> bool) -> &str {
    split(text, passed).1
}

#[cfg(test)]
mod tests {
    use ::http::{HeaderValue, header::WWW_AUTHENTICATE};

    use super::*;

    /// As `scheme name=value name=value; …`.
    fn shown(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        let shown = challenges(&headers, &WWW_AUTHENTICATE).into_iter().map(|challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            challenge.scheme + &parameters.collect::<String>()
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_form() {
        for (values, expected) in [
            (&["Basic realm=\"a b\""][..], "basic realm=a b"),
            (&["Basic realm=x"], "basic realm=x"),
            (&["BASIC Realm = \"x\" , charset=\"UTF-8\""], "basic realm=x charset=UTF-8"),
            (&["Basic realm=\"a \\\"b\\\\\""], "basic realm=a \"b\\"),
            (&["Negotiate", "Basic realm=\"x\""], "negotiate; basic realm=x"),
            (&["Negotiate dGVzdA==, Basic realm=\"x\""], "negotiate; basic realm=x"),
            (
                &["NTLM, Basic realm=\"x\", Digest realm=\"y\", nonce=\"n,=\""],
                "ntlm; basic realm=x; digest realm=y nonce=n,=",
            ),
            (&[", ,Basic realm=\"x\",,"], "basic realm=x"),
            (&["Digest qop=\"auth,auth-int\", stale=TRUE"], "digest qop=auth,auth-int stale=TRUE"),
            (&["Basic"], "basic"),
            (&[""], ""),
        ] {
            assert_eq!(shown(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_is_broken_is_not_made_up() {
        for (value, expected) in [
            ("Basic realm=\"x", "basic"),
            ("realm=\"x\"", ""),
            ("Basic realm=", "basic"),
            ("\"Basic\" realm=x", ""),
            ("Basic realm=\"x\" \u{1f}", "basic realm=x"),
        ] {
            if HeaderValue::from_str(value).is_ok() {
                assert_eq!(shown(&[value]), expected, "{value:?}");
            }
        }
        for first in 32..127u8 {
            for second in [b' ', b'=', b'"', b'\\', b',', b'x'] {
                let text =
                    String::from_utf8(vec![b'B', first, second, first, b'=', second, b'"', first]).unwrap();
                let _ = shown(&[&text]);
            }
        }
    }
}
