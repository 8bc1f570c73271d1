//! [`Consent`]: whether the server is asked before the data go out (RFC 9110 §10.1.1).

use std::time::Duration;

use ::http::{StatusCode, header::EXPECT};

use super::{
    connection::{Connection, Wait},
    receive::{Answer, Listener, Said, Silence},
};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Request, dialogue::Dialogue, term::Limit},
};

/// As long as curl and Go wait: many servers never say that they consent.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the data wait for the server's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    Assumed,
    AskedFor,
}

impl Consent {
    pub(super) fn of(request: &Request, opener: &Dialogue) -> Result<Consent> {
        let Some(data) = request.data_ref() else { return Ok(Consent::Assumed) };
        let asks = match request.own(&EXPECT) {
            Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => !data.is_empty(),
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    "the Expect header can say 100-continue alone",
                ));
            }
            None => data.len().unwrap_or(1) > request.dialogue().unasked(opener),
        };
        Ok(if asks { Consent::AskedFor } else { Consent::Assumed })
    }
}

/// Waits for the server's word on the data. `None`: it wants them, or says nothing. What it sent of an answer that isn't
/// complete yet stays in the buffer.
pub(super) fn await_consent(
    conn: &mut Connection,
    listener: &mut Listener<'_>,
    wait: Wait,
) -> Result<Option<Answer>, Silence> {
    let patience = wait.within(Limit::Wait, Some(PATIENCE));
    loop {
        match listener.next(conn, patience, patience) {
            Ok(Said::Final(answer)) => return Ok(Some(answer)),
            Ok(Said::Interim(StatusCode::CONTINUE)) => return Ok(None),
            Ok(Said::Interim(_)) => {}
            Err(silence) if silence.error().is_timeout() && !wait.term.has_passed() => return Ok(None),
            Err(silence) => return Err(silence),
        }
    }
}
