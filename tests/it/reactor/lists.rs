//! Several Deferreds: the facts of Twisted's tests of DeferredList, gatherResults and race.

use sockeye::{
    Error, ErrorKind,
    reactor::{Deferred, DeferredList, First, Reactor, Resolver},
};

use super::{failure, still, turn, unhandled, watch};

fn pending<const N: usize>(reactor: &mut Reactor) -> (Vec<Deferred<u8>>, [Resolver<u8>; N]) {
    let mut deferreds = Vec::new();
    let resolvers = [(); N].map(|()| {
        let (deferred, resolver) = reactor.deferred();
        deferreds.push(deferred);
        resolver
    });
    (deferreds, resolvers)
}

#[test]
fn all_results_in_the_order_of_the_list() {
    let mut reactor = still();
    let (parts, [a, b, c]) = pending(&mut reactor);
    let all = DeferredList::new(parts).fire_on_all(&mut reactor);
    let log = watch(all.map(|all| all.into_iter().map(|part| part.map_err(|error| error.kind())).collect()));
    c.resolve(3);
    a.resolve(1);
    turn(&mut reactor);
    assert!(log.take().is_empty());
    b.reject(failure());
    turn(&mut reactor);
    assert_eq!(log.take(), [Ok(vec![Ok(1), Err(ErrorKind::NotFound), Ok(3)])]);
}

#[test]
fn an_empty_list_has_fired() {
    let mut reactor = still();
    let none = || Vec::<Deferred<u8>>::new();
    assert!(DeferredList::new(none()).fire_on_all(&mut reactor).wait(&mut reactor).unwrap().is_empty());
    assert!(reactor.gather_results(none()).wait(&mut reactor).unwrap().is_empty());
    assert!(reactor.race(none()).wait(&mut reactor).unwrap_err().errors.is_empty());
}

#[test]
fn the_first_value_or_all_errors() {
    let mut reactor = still();
    let (parts, [a, b, _c]) = pending(&mut reactor);
    let first = DeferredList::new(parts).fire_on_one_callback(&mut reactor);
    a.reject(failure());
    b.resolve(2);
    assert!(matches!(first.wait(&mut reactor), Ok(First::One(1, 2))));
    let (parts, resolvers) = pending::<2>(&mut reactor);
    let first = DeferredList::new(parts).fire_on_one_callback(&mut reactor);
    resolvers.into_iter().for_each(|resolver| resolver.reject(failure()));
    assert!(matches!(first.wait(&mut reactor), Ok(First::None(errors)) if errors.len() == 2));
}

#[test]
fn the_first_error_with_its_place_and_the_later_ones_are_told_or_dropped() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    for consume in [false, true] {
        let (parts, [a, b, c]) = pending(&mut reactor);
        let mut list = DeferredList::new(parts);
        if consume {
            list = list.consume_errors();
        }
        let first = list.fire_on_one_errback(&mut reactor);
        a.resolve(1);
        c.reject(failure());
        b.reject(failure());
        let first = first.wait(&mut reactor).unwrap_err();
        assert_eq!((first.index, first.error.kind()), (2, ErrorKind::NotFound));
        assert_eq!(first.to_string(), "number 2 of the list failed: not found");
        turn(&mut reactor);
        assert_eq!(told.take().len(), usize::from(!consume));
    }
}

#[test]
fn gather_results_gives_values_or_the_first_error() {
    let mut reactor = still();
    let (parts, [a, b]) = pending(&mut reactor);
    let all = reactor.gather_results(parts);
    b.resolve(2);
    a.resolve(1);
    assert_eq!(all.wait(&mut reactor).unwrap(), [1, 2]);
    let (parts, [_a, b]) = pending(&mut reactor);
    let all = reactor.gather_results(parts);
    b.reject(failure());
    assert_eq!(all.wait(&mut reactor).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_list_that_is_cancelled_cancels_those_that_have_not_fired() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let (parts, [a, b]) = pending(&mut reactor);
    a.resolve(1);
    let mut all = DeferredList::new(parts).fire_on_all(&mut reactor);
    let canceller = all.canceller();
    let log = watch(all.map(|all| all.len()));
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    assert!(!b.is_awaited());
    turn(&mut reactor);
    assert_eq!(log.take(), [Err(ErrorKind::Cancelled)]);
    assert!(told.take().is_empty());
}

#[test]
fn a_race_has_one_winner_and_the_others_are_cancelled() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let (parts, [a, b, c]) = pending(&mut reactor);
    let won = reactor.race(parts);
    a.reject(failure());
    c.resolve(3);
    assert_eq!(won.wait(&mut reactor).unwrap(), (2, 3));
    assert!(!b.is_awaited());
    turn(&mut reactor);
    assert!(told.take().is_empty());

    let (parts, resolvers) = pending::<2>(&mut reactor);
    let won = reactor.race(parts);
    resolvers.into_iter().for_each(|resolver| resolver.reject(failure()));
    let lost = won.wait(&mut reactor).unwrap_err();
    assert_eq!(lost.errors.len(), 2);
    assert_eq!(lost.to_string(), "all 2 of a race failed, the first: not found");
}

#[test]
fn a_list_of_what_has_failed_with_an_error_of_its_own() {
    let mut reactor = still();
    let parts = [reactor.succeed::<u8, Error>(1), reactor.fail(failure())];
    assert!(reactor.gather_results(parts).wait(&mut reactor).is_err());
}
