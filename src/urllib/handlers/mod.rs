//! The handlers that come with the crate, each in a file of its own; the table of their order stands at
//! [`Handler`](super::Handler).

mod redirect;
mod status;
mod watch;

use super::Handler;

pub use redirect::RedirectHandler;
pub use status::ErrorProcessor;
pub use watch::Progress;
pub(super) use watch::{Watch, Watcher};

/// What every opener has, unless its builder is given another one of the type.
pub(super) fn defaults() -> Vec<Box<dyn Handler>> {
    vec![Box::new(RedirectHandler::new()), Box::new(ErrorProcessor::new())]
}
