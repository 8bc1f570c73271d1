//! The other side of the wire is somebody else's: what we read from them, what they read from us.
//!
//! `tests/peers.sh` installs them. A missing one is skipped, unless `CI=true`.

mod httpbin;
mod our_client;
mod our_server;
