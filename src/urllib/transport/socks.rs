//! SOCKS as bytes: versions 4, 4a and 5 (RFC 1928, RFC 1929), the client's side of a CONNECT.
//!
//! - [`Handshake`]: takes what the proxy sent, and says what goes out; it knows no socket
//! - [`Target`]: what the proxy is to connect to, and who looks its name up
//! - [`SocksError`]: why it doesn't
//!
//! ```text
//! version 5:  greeting ─> method ─> (login ─> verdict ─>) request ─> reply ─> open
//! version 4:                                              request ─> reply ─> open
//! ```
//!
//! Every message has a length that is known from its first bytes, 262 at most: nothing is kept beyond that.

use std::net::{IpAddr, Ipv4Addr};

use thiserror::Error;

use crate::{
    error::{Error, ErrorKind},
    urllib::handlers::Credentials,
};

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// The longest name, user name and password there is room for.
const MOST: usize = 255;

/// Which SOCKS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// It takes IPv4 addresses, and names by the extension 4a; a user's name, and no password.
    V4,
    V5,
}

/// What is to be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// An address.
    Address(IpAddr, u16),
    /// A name that the proxy looks up.
    Name(&'a str, u16),
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// These bytes go out.
    Send(Vec<u8>),
    /// More of the proxy's bytes are needed.
    Receive,
    /// The connection is the target's from here.
    Open,
}

/// The client's side of a handshake.
pub(super) struct Handshake<'a> {
    version: Version,
    target: Target<'a>,
    login: Option<&'a Credentials>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Method,
    Login,
    Verdict,
    Request,
    Reply,
    Open,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub(super) enum SocksError {
    #[error("it doesn't speak SOCKS{0}: its answer begins with byte {1:#04x}")]
    Version(u8, u8),
    #[error("it wants a user name and a password")]
    LoginWanted,
    #[error("it takes neither no authentication nor a user name and password")]
    NoMethod,
    #[error("it chose method {0:#04x}, which wasn't offered")]
    Method(u8),
    #[error("it doesn't accept the user name and the password")]
    Login,
    #[error("{}", refusal(*.0))]
    Refused(u8),
    #[error("it rejected the request, or couldn't connect (SOCKS4 doesn't say which)")]
    Rejected,
    #[error("it knows of no identd that confirms the user (SOCKS4 code {0})")]
    Identd(u8),
    #[error("its answer is malformed")]
    Malformed,
    #[error("SOCKS4 knows no IPv6 addresses: use socks5 or socks5h")]
    NoIpv6,
    #[error("the name is longer than the 255 bytes that SOCKS has room for")]
    NameTooLong,
}

impl<'a> Handshake<'a> {
    /// Begins one. The user's name and password fit: [`Proxy`](crate::urllib::Proxy) has seen to that.
    pub(super) fn new(
        version: Version,
        target: Target<'a>,
        login: Option<&'a Credentials>,
    ) -> Result<Handshake<'a>, SocksError> {
        match target {
            Target::Name(name, _) if name.len() > MOST => return Err(SocksError::NameTooLong),
            Target::Address(IpAddr::V6(_), _) if version == Version::V4 => return Err(SocksError::NoIpv6),
            _ => {}
        }
        let state = if version == Version::V4 { State::Request } else { State::Greeting };
        Ok(Handshake { version, target, login, state })
    }

    /// Goes on: how many bytes of the input were taken, and what comes next.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<(usize, Step), SocksError> {
        let (taken, next) = match (self.state, input) {
            (State::Greeting, _) => return Ok((0, self.send(State::Method, greeting(self.login)))),
            (State::Login, _) => return Ok((0, self.send(State::Verdict, login(self.login)))),
            (State::Request, _) => return Ok((0, self.send(State::Reply, self.request()))),
            (State::Open, _) => return Ok((0, Step::Open)),
            (State::Method, &[version, method, ..]) => (2, self.chosen(version, method)?),
            (State::Method, &[version, ..]) if version != 5 => return Err(SocksError::Version(5, version)),
            (State::Verdict, &[_, verdict, ..]) if verdict != 0 => return Err(SocksError::Login),
            (State::Verdict, [_, _, ..]) => (2, State::Request),
            (State::Reply, reply) => match self.reply(reply)? {
                Some(len) => (len, State::Open),
                None => return Ok((0, Step::Receive)),
            },
            (State::Method | State::Verdict, _) => return Ok((0, Step::Receive)),
        };
        self.state = next;
        let (more, step) = self.step(&input[taken..])?;
        Ok((taken + more, step))
    }

    fn send(&mut self, then: State, bytes: Vec<u8>) -> Step {
        self.state = then;
        Step::Send(bytes)
    }

    /// RFC 1928 §3.
    fn chosen(&self, version: u8, method: u8) -> Result<State, SocksError> {
        match (version, method) {
            (5, NO_AUTHENTICATION) => Ok(State::Request),
            (5, USER_AND_PASSWORD) if self.login.is_some() => Ok(State::Login),
            (5, NO_METHOD) if self.login.is_none() => Err(SocksError::LoginWanted),
            (5, NO_METHOD) => Err(SocksError::NoMethod),
            (5, other) => Err(SocksError::Method(other)),
            (other, _) => Err(SocksError::Version(5, other)),
        }
    }

    fn request(&self) -> Vec<u8> {
        match self.version {
            Version::V4 => request4(self.target, self.login),
            Version::V5 => request5(self.target),
        }
    }

    /// The length of the reply, once it is all there.
    fn reply(&self, input: &[u8]) -> Result<Option<usize>, SocksError> {
        match self.version {
            Version::V4 => reply4(input),
            Version::V5 => reply5(input),
        }
    }
}

/// RFC 1928 §3: what can be done to say who asks.
fn greeting(login: Option<&Credentials>) -> Vec<u8> {
    match login {
        None => vec![5, 1, NO_AUTHENTICATION],
        Some(_) => vec![5, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
    }
}

/// RFC 1929 §2.
fn login(login: Option<&Credentials>) -> Vec<u8> {
    let (user, password) =
        login.map_or((&[][..], &[][..]), |login| (login.user.as_bytes(), login.password.as_bytes()));
    let mut out = vec![1];
    put_short(&mut out, user);
    put_short(&mut out, password);
    out
}

/// RFC 1928 §4.
fn request5(target: Target<'_>) -> Vec<u8> {
    let mut out = vec![5, 1, 0];
    let port = match target {
        Target::Address(IpAddr::V4(ip), port) => {
            out.push(1);
            out.extend_from_slice(&ip.octets());
            port
        }
        Target::Address(IpAddr::V6(ip), port) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
            port
        }
        Target::Name(name, port) => {
            out.push(3);
            put_short(&mut out, name.as_bytes());
            port
        }
    };
    out.extend_from_slice(&port.to_be_bytes());
    out
}

/// SOCKS4's CONNECT; the address 0.0.0.1 says that a name follows the user (4a).
fn request4(target: Target<'_>, login: Option<&Credentials>) -> Vec<u8> {
    let (ip, port, name) = match target {
        Target::Address(IpAddr::V4(ip), port) => (ip, port, None),
        // `new` has refused them.
        Target::Address(IpAddr::V6(_), port) => (Ipv4Addr::UNSPECIFIED, port, None),
        Target::Name(name, port) => (Ipv4Addr::new(0, 0, 0, 1), port, Some(name)),
    };
    let mut out = vec![4, 1];
    out.extend_from_slice(&port.to_be_bytes());
    out.extend_from_slice(&ip.octets());
    out.extend_from_slice(login.map_or(&[][..], |login| login.user.as_bytes()));
    out.push(0);
    if let Some(name) = name {
        out.extend_from_slice(name.as_bytes());
        out.push(0);
    }
    out
}

/// A length of one byte, and so many bytes.
fn put_short(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.push(len);
    out.extend_from_slice(&bytes[..usize::from(len)]);
}

/// RFC 1928 §6: the address that the proxy connects from is of no interest, but its length is.
fn reply5(input: &[u8]) -> Result<Option<usize>, SocksError> {
    let len = match *input {
        [version, ..] if version != 5 => return Err(SocksError::Version(5, version)),
        // A refusal is one whatever follows: many proxies send no address then.
        [_, code, ..] if code != 0 => return Err(SocksError::Refused(code)),
        [_, _, _, 1, ..] => 4 + 4 + 2,
        [_, _, _, 4, ..] => 4 + 16 + 2,
        [_, _, _, 3, name, ..] => 4 + 1 + usize::from(name) + 2,
        [_, _, _, 3] | [] | [_] | [_, _] | [_, _, _] => return Ok(None),
        _ => return Err(SocksError::Malformed),
    };
    Ok((input.len() >= len).then_some(len))
}

fn reply4(input: &[u8]) -> Result<Option<usize>, SocksError> {
    match *input {
        [version, ..] if version != 0 => Err(SocksError::Version(4, version)),
        [_, 90, ..] => Ok((input.len() >= 8).then_some(8)),
        [_, 91, ..] => Err(SocksError::Rejected),
        [_, code @ (92 | 93), ..] => Err(SocksError::Identd(code)),
        [_, _, ..] => Err(SocksError::Malformed),
        _ => Ok(None),
    }
}

/// RFC 1928 §6.
fn refusal(code: u8) -> String {
    let words = match code {
        1 => "it failed",
        2 => "its rules don't allow it",
        3 => "the network is unreachable",
        4 => "the host is unreachable, or its name unknown",
        5 => "connection refused",
        6 => "the time to live expired",
        7 => "it doesn't know the command",
        8 => "it doesn't know that kind of address",
        _ => return format!("it failed with code {code}"),
    };
    words.to_owned()
}

impl SocksError {
    /// Whether another address of the same name may do better. A login that failed isn't tried again.
    pub(super) fn is_about_the_address(self) -> bool {
        matches!(self, SocksError::Refused(1 | 3..=6 | 8) | SocksError::Rejected)
    }
}

/// The error holds this one as its payload.
impl From<SocksError> for Error {
    fn from(error: SocksError) -> Error {
        let kind = match error {
            SocksError::Refused(5) => ErrorKind::ConnectionRefused,
            SocksError::Refused(3 | 4 | 6) => ErrorKind::Unreachable,
            SocksError::Version(..) | SocksError::Method(_) | SocksError::Malformed => ErrorKind::Protocol,
            SocksError::NoIpv6 | SocksError::NameTooLong => ErrorKind::InvalidInput,
            _ => ErrorKind::Proxy,
        };
        Error::with_source(kind, "SOCKS", error).with_payload(error)
    }
}

#[cfg(test)]
mod tests;
