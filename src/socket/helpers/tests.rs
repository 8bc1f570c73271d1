use std::sync::mpsc;

use super::*;
use crate::{cancel::CancelToken, socket::EAI_NONAME};

/// A pool of its own for a test: tests run side by side.
fn pool(most: usize) -> &'static Pool {
    Box::leak(Box::new(Pool::new(most)))
}

fn soon() -> Bounds<'static> {
    Bounds { deadline: Deadline::after(Duration::from_millis(1)), cancel: None }
}

fn patient() -> Bounds<'static> {
    Bounds { deadline: Deadline::after(Duration::from_secs(60)), cancel: None }
}

fn ask(
    pool: &'static Pool,
    bounds: Bounds<'_>,
    question: &str,
    answer: impl FnOnce() -> Result<i32> + Send + 'static,
) -> Result<i32> {
    pool.within(bounds, question.to_owned(), answer)
}

#[test]
fn helpers_are_reused_and_never_more_than_allowed() {
    let pool = pool(3);
    thread::scope(|scope| {
        for number in 0..64 {
            scope.spawn(move || {
                assert_eq!(ask(pool, patient(), &number.to_string(), move || Ok(number)).unwrap(), number)
            });
        }
    });
    let state = pool.lock();
    assert!(state.waiting.is_empty());
    assert!((1..=3).contains(&state.helpers));
}

type Stuck = Box<dyn FnOnce() -> Result<i32> + Send>;

/// A name that nobody answers for until the sender is dropped.
fn stuck() -> (mpsc::Sender<()>, impl Fn() -> Stuck) {
    let (release, released) = mpsc::channel();
    let released = Arc::new(Mutex::new(released));
    let ask = move || {
        let released = Arc::clone(&released);
        Box::new(move || {
            let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
            Ok(1)
        }) as Stuck
    };
    (release, ask)
}

#[test]
fn a_resolver_that_never_answers_takes_neither_threads_nor_room() {
    let pool = pool(2);
    let (release, stuck) = stuck();
    let mut numbers = 0..;
    let mut asked = || ask(pool, soon(), &numbers.next().unwrap().to_string(), stuck()).unwrap_err();
    while pool.lock().under_way.len() < 2 {
        assert_eq!(asked().kind(), ErrorKind::TimedOut);
    }
    for _ in 0..50 {
        // Who never had his turn hears why.
        let error = asked();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("wait behind 2 other look-ups"), "{error}");
        let state = pool.lock();
        assert!(state.helpers <= 2 && state.waiting.is_empty());
    }
    // Once it answers again, the same helpers go on.
    drop(release);
    assert_eq!(ask(pool, patient(), "h", || Ok(7)).unwrap(), 7);
}

#[test]
fn a_name_that_hangs_costs_one_helper_however_often_it_is_asked_for() {
    let pool = pool(2);
    let (release, stuck) = stuck();
    while pool.lock().under_way.is_empty() {
        assert_eq!(ask(pool, soon(), "dead", stuck()).unwrap_err().kind(), ErrorKind::TimedOut);
    }
    for _ in 0..50 {
        assert_eq!(ask(pool, soon(), "dead", stuck()).unwrap_err().kind(), ErrorKind::TimedOut);
    }
    assert_eq!(pool.lock().under_way.len(), 1);
    assert_eq!(ask(pool, patient(), "alive", || Ok(7)).unwrap(), 7);
    assert_eq!(ask(pool, soon(), "dead", stuck()).unwrap_err().kind(), ErrorKind::TimedOut);
    let askers: Vec<_> = pool.lock().under_way.iter().map(|job| job.askers.len()).collect();
    assert_eq!(askers, [0]);
    drop(release);
}

#[test]
fn who_asks_the_same_is_given_the_same_answer() {
    for (answer, expected) in [(Ok(7), Ok(7)), (Err(()), Err((ErrorKind::UnknownHost, Some(EAI_NONAME))))] {
        let pool = pool(2);
        let (release, released) = mpsc::channel::<()>();
        let first = move || {
            let _ = released.recv();
            answer.map_err(|()| LookUpCode(crate::sys::c::EAI_NONAME).error())
        };
        thread::scope(|scope| {
            let asked = || ask(pool, patient(), "h", || Ok(0)).map_err(|e| (e.kind(), e.look_up_code()));
            let mut all = vec![
                scope.spawn(|| ask(pool, patient(), "h", first).map_err(|e| (e.kind(), e.look_up_code()))),
            ];
            while pool.lock().under_way.is_empty() {
                thread::yield_now();
            }
            all.extend((0..3).map(|_| scope.spawn(asked)));
            while pool.lock().under_way[0].askers.len() < 4 {
                thread::yield_now();
            }
            drop(release);
            assert!(all.into_iter().all(|asker| asker.join().unwrap() == expected));
        });
        assert!(pool.lock().under_way.is_empty());
    }
}

#[test]
fn a_panic_leaves_nobody_waiting() {
    let pool = pool(1);
    let error = ask(pool, patient(), "h", || panic!("in a look-up")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(ask(pool, patient(), "h", || Ok(7)).unwrap(), 7);
}

#[test]
fn the_token_ends_a_wait() {
    let pool = pool(1);
    let token = CancelToken::new().unwrap();
    let (_never, stuck) = mpsc::channel::<()>();
    let bounds = Bounds { deadline: Deadline::NEVER, cancel: Some(&token) };
    let (asked, was_asked) = mpsc::channel();
    let outcome = thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            pool.within::<()>(bounds, "h".to_owned(), move || {
                asked.send(()).unwrap();
                stuck.recv().map_err(|_| ErrorKind::Other.into())
            })
        });
        was_asked.recv().unwrap();
        token.cancel();
        blocked.join().unwrap()
    });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
}
