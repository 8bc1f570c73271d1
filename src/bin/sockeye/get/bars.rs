//! [`Bars`]: how far it has come, on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Seen;

/// A bar for each URL, the one below the other; nothing where standard error isn't a terminal.
#[derive(Debug)]
pub(super) struct Bars {
    all: MultiProgress,
    count: usize,
}

impl Bars {
    /// For so many URLs.
    pub(super) fn new(count: usize) -> Bars {
        let terminal = io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Bars { all: MultiProgress::with_draw_target(target), count }
    }

    /// The next one, unless the page itself is seen.
    pub(super) fn add(&self, name: &str, promised: Option<u64>, page: Seen) -> ProgressBar {
        if page == Seen::Yes || self.all.is_hidden() {
            return ProgressBar::hidden();
        }
        let (bar, template) = match promised {
            Some(bytes) => {
                (ProgressBar::new(bytes), "{bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {elapsed}"),
        };
        let bar = self.all.add(bar);
        let styled = if self.count > 1 {
            bar.set_prefix(name.to_owned());
            ProgressStyle::with_template(&format!("{{prefix}} {template}"))
        } else {
            ProgressStyle::with_template(template)
        };
        match styled {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// It goes no further: of several, the bar stays until all have come.
    pub(super) fn end(&self, bar: &ProgressBar) {
        if self.count > 1 { bar.abandon() } else { bar.finish_and_clear() }
    }

    /// Prints what was to be said between the bars.
    pub(super) fn around<T>(&self, print: impl FnOnce() -> T) -> T {
        self.all.suspend(print)
    }
}
