//! Many delayed calls.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use sockeye::{Result, reactor::Reactor};

use super::cost::{cpu, tell};

/// Every millisecond of one second, in a scrambled order.
pub(crate) fn spread(count: u64) -> Result<()> {
    let mut reactor = Reactor::new()?;
    let (start, before, fired) = (Instant::now(), cpu(), Rc::new(Cell::new(0)));
    for number in 0..count {
        let (delay, fired) = (number.wrapping_mul(7919) % 1000, fired.clone());
        reactor.call_later(Duration::from_millis(delay), move |reactor| {
            fired.set(fired.get() + 1);
            if fired.get() == count {
                reactor.stop();
            }
        });
    }
    let scheduled = start.elapsed();
    if count > 0 {
        reactor.run()?;
    }
    tell(count, fired.get(), [scheduled, start.elapsed(), cpu().saturating_sub(before)]);
    Ok(())
}

pub(crate) fn cancel(count: u64) -> Result<()> {
    let mut reactor = Reactor::new()?;
    let (start, before, fired) = (Instant::now(), cpu(), Rc::new(Cell::new(0)));
    let arrange = |_| {
        let fired = fired.clone();
        reactor.call_later(Duration::from_secs(10), move |_| fired.set(fired.get() + 1))
    };
    let calls: Vec<_> = (0..count).map(arrange).collect();
    let scheduled = start.elapsed();
    for call in calls {
        call.cancel(&mut reactor)?;
    }
    tell(count, fired.get(), [scheduled, start.elapsed(), cpu().saturating_sub(before)]);
    Ok(())
}
