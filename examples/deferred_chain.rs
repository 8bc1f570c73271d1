//! Results that aren't there yet: a chain, a time limit, cancelling, and several at once.

use std::time::Duration;

use sockeye::{
    Error, ErrorKind,
    reactor::{Deferred, Reactor},
};

/// Looks a price up, which takes its time. Giving up on it takes the call back.
fn price(reactor: &mut Reactor, fruit: &'static str, millis: u64) -> Deferred<u32> {
    reactor.defer_later(Duration::from_millis(millis), move |_| match fruit {
        "apple" => Ok(3),
        "pear" => Ok(4),
        _ => Err(Error::from(ErrorKind::NotFound)),
    })
}

fn main() -> sockeye::Result<()> {
    let mut reactor = Reactor::new()?;

    // Each function gets what the one before has given; a Deferred is waited for. An error goes to the next `catch`.
    let sum = price(&mut reactor, "apple", 10)
        .then(|reactor, apple| price(reactor, "pear", 10).map(move |pear| apple + pear))
        .catch(|_reactor, error| {
            println!("no sum: {error}");
            Ok(0)
        });
    println!("apple and pear: {}", sum.wait(&mut reactor)?);

    let unknown = price(&mut reactor, "stone", 1).catch(|_reactor, error| {
        println!("stone: {error}");
        Ok(0)
    });
    unknown.wait(&mut reactor)?;

    // Several at once, and the first error of any.
    let fruits = ["apple", "pear", "apple"].map(|fruit| price(&mut reactor, fruit, 5));
    println!("together: {:?}", reactor.gather_results(fruits).wait(&mut reactor)?);

    // A limit, and giving up: both end the call that would have fired it.
    let slow = price(&mut reactor, "apple", 3_600_000).timeout(&mut reactor, Duration::from_millis(20));
    println!("in an hour: {}", slow.wait(&mut reactor).unwrap_err());
    let mut unwanted = price(&mut reactor, "pear", 3_600_000);
    let canceller = unwanted.canceller();
    canceller.cancel(&mut reactor);
    println!("unwanted: {}", unwanted.wait(&mut reactor).unwrap_err());
    println!("calls left: {}", reactor.delayed_calls());
    Ok(())
}
