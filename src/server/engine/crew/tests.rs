//! Orders, threads that wait for them, and threads that give up.

use std::sync::{Arc, mpsc};

use super::*;

fn start(crew: &Arc<Crew<u8>>, done: &mpsc::Sender<u8>) -> JoinHandle<()> {
    let (own, done) = (Arc::clone(crew), done.clone());
    thread::spawn(move || {
        own.report();
        while let Some(order) = own.take() {
            if let Order::Serve(job) = order {
                done.send(job).unwrap();
            }
        }
    })
}

fn give(crew: &Arc<Crew<u8>>, order: Order<u8>, done: &mpsc::Sender<u8>) {
    crew.give(order, || Ok(start(crew, done))).unwrap();
}

#[test]
fn a_thread_without_work_ends_by_itself() {
    let crew = Arc::new(Crew::new(4, Duration::from_millis(5)));
    let (done, jobs) = mpsc::channel();
    give(&crew, Order::Serve(1), &done);
    assert_eq!(jobs.recv(), Ok(1));
    while crew.threads() > 0 {
        thread::yield_now();
    }
    give(&crew, Order::Serve(2), &done);
    assert_eq!(jobs.recv(), Ok(2));
    crew.dismiss();
    crew.join();
    assert_eq!(crew.threads(), 0);
}

#[test]
fn an_order_that_no_thread_could_be_started_for_is_done_by_the_next() {
    let crew = Arc::new(Crew::new(4, Duration::from_secs(9)));
    let (done, jobs) = mpsc::channel();
    assert!(crew.give(Order::Serve(1), || Err(crate::ErrorKind::OutOfResources.into())).is_err());
    assert!(crew.reinforce(|| Err(crate::ErrorKind::OutOfResources.into())), "it still waits");
    assert!(crew.reinforce(|| Ok(start(&crew, &done))));
    assert_eq!(jobs.recv(), Ok(1));
    assert!(!crew.reinforce(|| unreachable!()), "nothing waits");
    crew.dismiss();
    crew.join();
}

#[test]
fn past_the_limit_jobs_wait_and_lanes_come_first() {
    let crew = Arc::new(Crew::new(1, Duration::from_secs(9)));
    let (done, jobs) = mpsc::channel();
    let refused = |_: &mpsc::Sender<u8>| Err(crate::ErrorKind::OutOfResources.into());
    assert!(crew.give(Order::Serve(1), || refused(&done)).is_err(), "nobody is there to do it");
    give(&crew, Order::Serve(2), &done);
    assert_eq!((jobs.recv(), jobs.recv()), (Ok(1), Ok(2)));
    give(&crew, Order::Drive(0), &done);
    give(&crew, Order::Serve(3), &done);
    assert_eq!(jobs.recv(), Ok(3));
    assert_eq!(crew.threads(), 1);
    crew.dismiss();
    crew.join();
}

/// Its time is over, and at that very moment there is an order: nobody else is left to do it.
#[test]
fn an_order_that_comes_as_a_thread_gives_up_is_done() {
    let crew = Arc::new(Crew::new(1, Duration::from_millis(20)));
    let (done, jobs) = mpsc::channel();
    give(&crew, Order::Serve(1), &done);
    assert_eq!(jobs.recv(), Ok(1));
    loop {
        let mut state = crew.lock();
        if state.idle == 1 {
            // It waits, and as nobody rings, only its time brings it back.
            state.jobs.push_back(2);
            break;
        }
        let ended = state.threads == 0;
        drop(state);
        if ended {
            give(&crew, Order::Serve(1), &done);
            assert_eq!(jobs.recv(), Ok(1));
        }
    }
    drop(done);
    assert_eq!(jobs.recv(), Ok(2));
    crew.dismiss();
    crew.join();
}
