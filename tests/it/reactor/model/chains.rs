//! Deferreds beside an interpreter of chains, as Twisted has it: a list of functions for each.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use sockeye::{
    Error, ErrorKind,
    reactor::{Canceller, Deferred, Reactor, Resolver},
};

use super::{
    super::{still, turn},
    Random,
};

/// Values, and errors by their kind.
type Outcome = Result<u64, ErrorKind>;
/// What came out of the chains that nobody waits for.
type Seen = Vec<(usize, Outcome)>;

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(u64),
    Fail,
    Recover(u64),
    Both,
    /// Waits for another chain, if nobody has it yet.
    Wait(usize),
    /// The same in an errback.
    WaitInstead(usize),
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Resolve(usize, u64),
    Reject(usize),
    Cancel(usize),
    Turn,
}

/// The chains with an odd number are waited for by others, of lower numbers.
fn program(random: &mut Random) -> (Vec<Vec<Step>>, Vec<Deed>) {
    let chains = 2 + random.below(7);
    let mut steps = Vec::new();
    for chain in 0..chains {
        let count = 1 + random.below(5);
        let mut step = || {
            let other = (random.below(chains) | 1) as usize;
            match random.below(8) {
                0 => Step::Fail,
                1 => Step::Recover(random.below(50)),
                2 => Step::Both,
                3..=5 if other as u64 > chain && (other as u64) < chains => match random.below(3) {
                    0 => Step::WaitInstead(other),
                    _ => Step::Wait(other),
                },
                _ => Step::Add(random.below(50)),
            }
        };
        steps.push((0..count).map(|_| step()).collect());
    }
    let mut deed = || {
        let chain = random.below(chains) as usize;
        match random.below(8) {
            0..=2 => Deed::Resolve(chain, random.below(100)),
            3 => Deed::Reject(chain),
            4..=5 => Deed::Cancel(chain),
            _ => Deed::Turn,
        }
    };
    let deeds = (0..4 * chains).map(|_| deed()).collect();
    (steps, deeds)
}

struct Real {
    reactor: Reactor,
    resolvers: Vec<Option<Resolver<u64>>>,
    cancellers: Vec<Canceller>,
    seen: Rc<RefCell<Seen>>,
}

type Waiting = Rc<RefCell<Vec<Option<Deferred<u64>>>>>;

fn add(deferred: Deferred<u64>, step: Step, waiting: &Waiting) -> Deferred<u64> {
    let waiting = waiting.clone();
    match step {
        Step::Add(more) => deferred.then(move |_, value| Ok(value + more)),
        Step::Fail => deferred.then(|_, _| Err::<u64, _>(ErrorKind::NotFound.into())),
        Step::Recover(value) => deferred.catch(move |_, _| Ok(value)),
        Step::Both => deferred.both(|_, result| Ok(result.unwrap_or(1000) + 1)),
        Step::Wait(other) => deferred.then(move |reactor, value| {
            let other = waiting.borrow_mut()[other].take();
            other.unwrap_or_else(|| reactor.succeed(value))
        }),
        Step::WaitInstead(other) => deferred.catch(move |reactor, error| {
            let other = waiting.borrow_mut()[other].take();
            other.unwrap_or_else(|| reactor.fail(error))
        }),
    }
}

impl Real {
    fn new(chains: &[Vec<Step>]) -> Real {
        let mut reactor = still();
        reactor.on_unhandled(|_| ());
        let (waiting, seen) = (Waiting::default(), Rc::<RefCell<Seen>>::default());
        let (mut resolvers, mut cancellers) = (Vec::new(), Vec::new());
        for (number, steps) in chains.iter().enumerate() {
            let (mut deferred, resolver) = reactor.deferred();
            cancellers.push(deferred.canceller());
            for &step in steps {
                deferred = add(deferred, step, &waiting);
            }
            if number % 2 == 1 {
                waiting.borrow_mut().push(Some(deferred));
            } else {
                let log = seen.clone();
                drop(deferred.both(move |_, result| {
                    log.borrow_mut().push((number, result.map_err(|error: Error| error.kind())));
                    Ok(())
                }));
                waiting.borrow_mut().push(None);
            }
            resolvers.push(Some(resolver));
        }
        Real { reactor, resolvers, cancellers, seen }
    }

    fn do_it(&mut self, deed: Deed) {
        match deed {
            Deed::Resolve(chain, value) => {
                if let Some(resolver) = self.resolvers[chain].take() {
                    resolver.resolve(value);
                }
            }
            Deed::Reject(chain) => {
                if let Some(resolver) = self.resolvers[chain].take() {
                    resolver.reject(ErrorKind::Unreachable.into());
                }
            }
            Deed::Cancel(chain) => self.cancellers[chain].clone().cancel(&mut self.reactor),
            Deed::Turn => turn(&mut self.reactor),
        }
    }
}

/// A chain as the interpreter has it.
#[derive(Clone, Debug)]
struct Chain {
    steps: VecDeque<Step>,
    fired: bool,
    result: Option<Outcome>,
    waits_for: Option<usize>,
    waited_for_by: Option<usize>,
    taken: bool,
    done: bool,
    /// To be cancelled with what it will wait for: it was cancelled when it was in the queue.
    doomed: bool,
}

#[derive(Default)]
struct Twin {
    chains: Vec<Chain>,
    queue: VecDeque<usize>,
    seen: Seen,
}

impl Twin {
    fn new(chains: &[Vec<Step>]) -> Twin {
        let chain = |(number, steps): (usize, &Vec<Step>)| Chain {
            steps: steps.iter().copied().collect(),
            fired: false,
            result: None,
            waits_for: None,
            waited_for_by: None,
            taken: number % 2 == 0,
            done: false,
            doomed: false,
        };
        Twin { chains: chains.iter().enumerate().map(chain).collect(), ..Twin::default() }
    }

    fn fire(&mut self, chain: usize, result: Outcome) {
        if !self.chains[chain].fired {
            self.chains[chain].fired = true;
            self.chains[chain].result = Some(result);
            self.queue.push_back(chain);
        }
    }

    fn cancel(&mut self, chain: usize) {
        if !self.chains[chain].fired {
            self.fire(chain, Err(ErrorKind::Cancelled));
        } else if let Some(other) = self.chains[chain].waits_for {
            self.cancel(other);
        } else if !self.chains[chain].done {
            self.chains[chain].doomed = true;
        }
    }

    fn run(&mut self, chain: usize) {
        let mut result = self.chains[chain].result.take().unwrap();
        while let Some(step) = self.chains[chain].steps.pop_front() {
            result = match (step, result) {
                (Step::Add(more), Ok(value)) => Ok(value + more),
                (Step::Fail, Ok(_)) => Err(ErrorKind::NotFound),
                (Step::Recover(value), Err(_)) => Ok(value),
                (Step::Both, result) => Ok(result.unwrap_or(1000) + 1),
                (Step::Wait(other), Ok(_)) | (Step::WaitInstead(other), Err(_))
                    if !self.chains[other].taken =>
                {
                    self.chains[other].taken = true;
                    if !self.chains[other].done {
                        self.chains[chain].waits_for = Some(other);
                        self.chains[other].waited_for_by = Some(chain);
                        if std::mem::take(&mut self.chains[chain].doomed) {
                            self.cancel(other);
                        }
                        return;
                    }
                    self.chains[other].result.take().unwrap()
                }
                (_, result) => result,
            };
        }
        self.chains[chain].done = true;
        if let Some(other) = self.chains[chain].waited_for_by {
            self.chains[other].waits_for = None;
            self.chains[other].result = Some(result);
            self.run(other);
        } else if chain % 2 == 0 {
            self.seen.push((chain, result));
        } else {
            self.chains[chain].result = Some(result);
        }
    }

    fn do_it(&mut self, deed: Deed) {
        match deed {
            Deed::Resolve(chain, value) => self.fire(chain, Ok(value)),
            Deed::Reject(chain) => self.fire(chain, Err(ErrorKind::Unreachable)),
            Deed::Cancel(chain) => self.cancel(chain),
            Deed::Turn => {
                while let Some(chain) = self.queue.pop_front() {
                    self.run(chain);
                }
            }
        }
    }
}

#[test]
fn deferreds() {
    let mut seen = 0;
    for seed in 0..20_000 {
        let (chains, deeds) = program(&mut Random::new(seed));
        let (mut real, mut twin) = (Real::new(&chains), Twin::new(&chains));
        for deed in deeds.iter().copied().chain([Deed::Turn]) {
            real.do_it(deed);
            twin.do_it(deed);
        }
        assert_eq!(*real.seen.borrow(), twin.seen, "seed {seed}: {chains:?} {deeds:?}");
        seen += twin.seen.len();
    }
    assert!(seen > 20_000, "the programs have to do something: {seen}");
}
