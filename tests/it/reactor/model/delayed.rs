//! Delayed calls beside a list that is searched from its beginning each time.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use sockeye::reactor::{DelayedCall, Reactor};

use super::{super::still, Random};

/// A timer's number says what its call does: some arrange, cancel, put off or reset others.
type Number = u64;

#[derive(Default)]
struct Real {
    live: BTreeMap<Number, DelayedCall>,
    called: Vec<Number>,
    added: Number,
}

#[derive(Default)]
struct Twin {
    now: u64,
    /// Time, order of arranging, number.
    live: Vec<(u64, u64, Number)>,
    called: Vec<Number>,
    added: Number,
    arranged: u64,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Add(u64),
    Cancel(Number),
    Delay(Number, u64),
    Reset(Number, u64),
}

/// What the call of that timer does.
fn deed(number: Number) -> Option<Deed> {
    let other = number + 1 + number % 5;
    match number % 9 {
        0 => Some(Deed::Add(number % 4)),
        2 => Some(Deed::Cancel(other)),
        4 => Some(Deed::Delay(other, number % 3)),
        6 => Some(Deed::Reset(other, number % 3)),
        _ => None,
    }
}

fn do_real(reactor: &mut Reactor, shared: &Rc<RefCell<Real>>, deed: Deed) {
    match deed {
        Deed::Add(delay) => {
            let number = shared.borrow().added;
            shared.borrow_mut().added += 1;
            let mine = shared.clone();
            let call = reactor.call_later(Duration::from_nanos(delay), move |reactor| {
                mine.borrow_mut().called.push(number);
                mine.borrow_mut().live.remove(&number);
                if let Some(deed) = self::deed(number) {
                    do_real(reactor, &mine, deed);
                }
            });
            shared.borrow_mut().live.insert(number, call);
        }
        Deed::Cancel(number) => {
            let call = shared.borrow_mut().live.remove(&number);
            if let Some(call) = call {
                call.cancel(reactor).unwrap();
            }
        }
        Deed::Delay(number, more) => {
            if let Some(call) = shared.borrow().live.get(&number) {
                call.delay(reactor, Duration::from_nanos(more)).unwrap();
            }
        }
        Deed::Reset(number, delay) => {
            if let Some(call) = shared.borrow().live.get(&number) {
                call.reset(reactor, Duration::from_nanos(delay)).unwrap();
            }
        }
    }
}

impl Twin {
    fn do_it(&mut self, deed: Deed) {
        self.arranged += 1;
        let (now, order) = (self.now, self.arranged);
        match deed {
            Deed::Add(delay) => {
                self.live.push((now + delay, order, self.added));
                self.added += 1;
            }
            Deed::Cancel(number) => self.live.retain(|timer| timer.2 != number),
            Deed::Delay(number, more) => {
                if let Some(timer) = self.live.iter_mut().find(|timer| timer.2 == number) {
                    *timer = ((timer.0 + more).max(now), order, number);
                }
            }
            Deed::Reset(number, delay) => {
                if let Some(timer) = self.live.iter_mut().find(|timer| timer.2 == number) {
                    *timer = (now + delay, order, number);
                }
            }
        }
    }

    fn advance(&mut self, time: u64) {
        self.now += time;
        let begun = self.arranged;
        loop {
            // What was arranged in this turn is the next turn's.
            let due = self.live.iter().filter(|timer| timer.0 <= self.now && timer.1 <= begun);
            let Some(&first) = due.min() else { return };
            self.live.retain(|timer| *timer != first);
            self.called.push(first.2);
            if let Some(deed) = deed(first.2) {
                self.do_it(deed);
            }
        }
    }
}

#[test]
fn timers() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let (mut reactor, real, mut twin) = (still(), Rc::<RefCell<Real>>::default(), Twin::default());
        for step in 0..400 {
            let number = random.below(twin.added + 1);
            let range = [3, 20, 5_000][random.below(3) as usize];
            let time = random.below(range);
            let deed = match random.below(10) {
                0 => Deed::Cancel(number),
                1 => Deed::Delay(number, time),
                2 => Deed::Reset(number, time),
                3..=7 => Deed::Add(time),
                _ => {
                    reactor.advance(Duration::from_nanos(time)).unwrap();
                    twin.advance(time);
                    assert_eq!(real.borrow().called, twin.called, "seed {seed}, step {step}");
                    assert_eq!(reactor.delayed_calls(), twin.live.len(), "seed {seed}, step {step}");
                    continue;
                }
            };
            do_real(&mut reactor, &real, deed);
            twin.do_it(deed);
        }
        for (number, call) in &real.borrow().live {
            let time = twin.live.iter().find(|timer| timer.2 == *number).map(|timer| timer.0);
            assert_eq!(call.time(&reactor), time.map(Duration::from_nanos), "seed {seed}");
        }
    }
}
