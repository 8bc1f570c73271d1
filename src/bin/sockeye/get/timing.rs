//! [`Timing`]: how long each step took, for `--timing`.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sockeye::urllib::{Request, Step};

/// The steps, and what they are called.
const STEPS: [(Step, &str); 4] = [
    (Step::Resolved, "resolve"),
    (Step::Connected, "connect"),
    (Step::Secured, "TLS"),
    (Step::Answered, "first byte"),
];

/// How long the steps of a URL took; those of redirects and retries are added up.
#[derive(Clone, Debug)]
pub(super) struct Timing(Arc<Mutex<Clock>>);

#[derive(Debug)]
struct Clock {
    begun: Instant,
    last: Instant,
    /// `None` for what didn't happen.
    spent: [Option<Duration>; STEPS.len()],
}

impl Timing {
    pub(super) fn begin() -> Timing {
        let now = Instant::now();
        Timing(Arc::new(Mutex::new(Clock { begun: now, last: now, spent: [None; STEPS.len()] })))
    }

    /// The request, whose steps are counted.
    pub(super) fn watch(&self, request: Request) -> Request {
        let clock = self.0.clone();
        request.steps(move |step| clock.lock().unwrap_or_else(PoisonError::into_inner).count(step))
    }
}

impl Clock {
    fn count(&mut self, step: Step) {
        let now = Instant::now();
        if let Some(i) = STEPS.iter().position(|(known, _)| *known == step) {
            *self.spent[i].get_or_insert_default() += now - self.last;
        }
        self.last = now;
    }
}

/// One line.
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        for ((_, name), spent) in STEPS.iter().zip(clock.spent) {
            if let Some(spent) = spent {
                write!(f, "{name} {:.1} ms, ", milliseconds(spent))?;
            }
        }
        write!(f, "total {:.1} ms", milliseconds(clock.begun.elapsed()))
    }
}
