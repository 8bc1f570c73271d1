//! The HTTP server through real sockets: what `check` sends goes out at once, and again byte by byte.

mod answers;
mod blank;
mod bodies;
mod facade;
mod framing;
mod hooks;
mod limits;
mod refusals;
mod support;
mod threads;
mod times;
mod unsent;
