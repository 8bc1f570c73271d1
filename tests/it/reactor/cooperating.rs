//! Work in steps: the facts of Twisted's CooperatorTests and RunStateTests.

use std::{cell::RefCell, rc::Rc};

use sockeye::{
    ErrorKind,
    reactor::{CooperativeTask, Deferred, Pace, Reactor, Resolver},
};

use super::{Log, failure, still, turn, watch};

/// A task of so many steps, each of which logs its name.
fn steps(
    reactor: &mut Reactor,
    log: &Log<&'static str>,
    name: &'static str,
    count: u32,
) -> (Deferred<()>, CooperativeTask) {
    let (log, mut left) = (log.clone(), count);
    reactor.cooperate(move |_| {
        if left == 0 {
            return Ok(Pace::Done);
        }
        left -= 1;
        log.add(name);
        Ok(Pace::Again)
    })
}

#[test]
fn tasks_take_turns_and_leave_room_between() {
    let (mut reactor, log) = (still(), Log::new());
    let (a, b) = (steps(&mut reactor, &log, "a", 3).0, steps(&mut reactor, &log, "b", 2).0);
    let (a, b) = (watch(a), watch(b));
    assert!(log.take().is_empty());
    for expected in [vec!["a", "b"], vec!["a", "b"], vec!["a"], vec![]] {
        turn(&mut reactor);
        assert_eq!(log.take(), expected);
    }
    assert_eq!((a.take(), b.take(), reactor.delayed_calls()), (vec![Ok(())], vec![Ok(())], 0));
}

#[test]
fn in_real_time_many_steps_are_made_in_a_turn() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let (done, _task) = steps(&mut reactor, &log, "step", 1000);
    done.wait(&mut reactor).unwrap();
    assert_eq!(log.take().len(), 1000);
}

#[test]
fn a_deferred_is_waited_for_and_its_error_ends_the_task() {
    let mut reactor = still();
    let waiting: Rc<RefCell<Vec<Resolver<()>>>> = Rc::default();
    let (log, hold, seen) = (Log::new(), waiting.clone(), Log::new());
    let steps = seen.clone();
    let (done, task) = reactor.cooperate(move |reactor| {
        steps.add(());
        let (deferred, resolver) = reactor.deferred();
        hold.borrow_mut().push(resolver);
        Ok(Pace::Wait(deferred))
    });
    let done = watch(done.map(move |()| log.add(())));
    for _ in 0..3 {
        turn(&mut reactor);
    }
    assert_eq!(seen.take().len(), 1);
    waiting.borrow_mut().pop().unwrap().resolve(());
    for _ in 0..3 {
        turn(&mut reactor);
    }
    assert_eq!(seen.take().len(), 1);
    waiting.borrow_mut().pop().unwrap().reject(failure());
    turn(&mut reactor);
    assert_eq!(done.take(), [Err(ErrorKind::NotFound)]);
    assert_eq!(task.pause().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn pause_and_resume_are_counted() {
    let (mut reactor, log) = (still(), Log::new());
    let (_done, task) = steps(&mut reactor, &log, "step", 9);
    assert_eq!(task.resume(&mut reactor).unwrap_err().kind(), ErrorKind::InvalidInput);
    turn(&mut reactor);
    task.pause().unwrap();
    task.pause().unwrap();
    log.take();
    for _ in 0..3 {
        turn(&mut reactor);
    }
    task.resume(&mut reactor).unwrap();
    turn(&mut reactor);
    assert!(log.take().is_empty());
    task.resume(&mut reactor).unwrap();
    turn(&mut reactor);
    assert_eq!(log.take(), ["step"]);
}

#[test]
fn stop_ends_it_also_from_within_and_so_does_cancelling() {
    let (mut reactor, log) = (still(), Log::new());
    let (done, task) = steps(&mut reactor, &log, "step", 9);
    let done = watch(done);
    task.stop().unwrap();
    turn(&mut reactor);
    assert_eq!((done.take(), log.take().len()), (vec![Err(ErrorKind::Cancelled)], 0));
    assert_eq!(task.stop().unwrap_err().kind(), ErrorKind::Closed);

    let own: Rc<RefCell<Option<CooperativeTask>>> = Rc::default();
    let itself = own.clone();
    let (done, task) = reactor.cooperate(move |_| {
        itself.borrow_mut().take().unwrap().stop()?;
        Ok(Pace::Again)
    });
    own.replace(Some(task));
    let done = watch(done);
    for _ in 0..3 {
        turn(&mut reactor);
    }
    assert_eq!(done.take(), [Err(ErrorKind::Cancelled)]);

    let (done, task) = steps(&mut reactor, &log, "step", 9);
    done.cancel(&mut reactor);
    turn(&mut reactor);
    assert!(log.take().is_empty() && task.stop().is_err());
}

#[test]
fn an_error_of_a_step_is_the_tasks() {
    let mut reactor = still();
    let (done, task) = reactor.cooperate(|_| Err(failure()));
    let done = watch(done);
    turn(&mut reactor);
    assert_eq!(done.take(), [Err(ErrorKind::NotFound)]);
    assert!(task.pause().is_err());
}
