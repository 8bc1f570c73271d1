//! [`Defaults`]: the headers of an opener, and how a request's own ones go before them.

use ::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TRAILER,
        TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};

use crate::{
    urllib::Request,
    wire::{
        framing::{self, Persistence},
        write,
    },
};

const AGENT: &str = concat!("User-Agent: sockeye/", env!("CARGO_PKG_VERSION"), "\r\n");

/// Without a handler that decodes, nothing coded is asked for (RFC 9110 §12.5.3).
const NOTHING_CODED: &str = "Accept-Encoding: identity\r\n";

/// The headers that go with every request that doesn't have them.
#[derive(Debug)]
pub(in crate::urllib) struct Defaults {
    map: HeaderMap,
    /// The lines of a request without headers of its own: most are.
    lines: Vec<u8>,
    /// What these say of the connection.
    persistence: Persistence,
}

impl Defaults {
    pub(in crate::urllib) fn new(map: HeaderMap) -> Defaults {
        let (none, mut lines) = (HeaderMap::new(), Vec::new());
        let persistence = write_lines(&mut lines, [&none, &none, &map], |_, _| true);
        Defaults { map, lines, persistence }
    }

    pub(in crate::urllib) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// Writes the request's headers and these, but for those that describe the request itself. Tells what they say of
    /// the connection's life.
    pub(super) fn write(&self, out: &mut Vec<u8>, request: &Request) -> Persistence {
        let own = [request.unredirected_headers(), request.headers()];
        if own.iter().all(|map| map.is_empty()) && !request.has_left() {
            out.extend_from_slice(&self.lines);
            return self.persistence;
        }
        write_lines(out, [own[0], own[1], &self.map], |name, value| request.admits(name, value))
    }

    /// The headers that go with that request, its own and these, without those that describe the request itself.
    pub(in crate::urllib) fn going_with(&self, request: &Request) -> HeaderMap {
        let mut going = HeaderMap::new();
        let layers = [request.unredirected_headers(), request.headers(), &self.map];
        chosen(
            layers,
            |name, value| request.admits(name, value),
            |name, value| {
                going.append(name.clone(), value.clone());
            },
        );
        going
    }
}

/// The first layer that has a name has the word. What is in the last one may not go everywhere.
fn write_lines(
    out: &mut Vec<u8>,
    layers: [&HeaderMap; 3],
    admits: impl Fn(&HeaderName, &HeaderValue) -> bool,
) -> Persistence {
    let is_silent = |name: &HeaderName| !layers.iter().any(|layer| layer.contains_key(name));
    if is_silent(&USER_AGENT) {
        out.extend_from_slice(AGENT.as_bytes());
    }
    if is_silent(&ACCEPT_ENCODING) {
        out.extend_from_slice(NOTHING_CODED.as_bytes());
    }
    let mut persistence = Persistence::KeepAlive;
    chosen(layers, admits, |name, value| {
        write::header(out, name, value);
        if *name == CONNECTION && framing::says_close(value.as_bytes()) {
            persistence = Persistence::Close;
        }
    });
    persistence
}

/// What goes out of these layers.
fn chosen(
    layers: [&HeaderMap; 3],
    admits: impl Fn(&HeaderName, &HeaderValue) -> bool,
    mut take: impl FnMut(&HeaderName, &HeaderValue),
) {
    for (depth, layer) in layers.iter().enumerate() {
        let is_last = depth + 1 == layers.len();
        for (name, value) in *layer {
            let hidden = layers[..depth].iter().any(|above| above.contains_key(name));
            let withheld = is_last && (is_one_requests(name) || !admits(name, value));
            if !hidden && !withheld && !describes_itself(name) {
                take(name, value);
            }
        }
    }
}

/// What is written beside these. What is a proxy's goes to a proxy alone: not to a server, nor through a tunnel.
fn describes_itself(name: &HeaderName) -> bool {
    [&HOST, &CONTENT_LENGTH, &TRANSFER_ENCODING, &TRAILER, &EXPECT, &PROXY_AUTHORIZATION].contains(&name)
}

/// What only a request can mean: a switch is expected where it was asked for.
fn is_one_requests(name: &HeaderName) -> bool {
    *name == UPGRADE
}
