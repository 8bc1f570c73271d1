use super::{
    super::{
        Config,
        crew::Order,
        lane::Work,
        tests::{echo, end, start},
    },
    *,
};
use crate::{error::ErrorKind, sys::thread::thread_number};

/// As many drivers as a lane has cores, one thread at least left for jobs; and fewer again without pressure.
#[test]
fn pressure_calls_drivers_up_to_a_limit() {
    for (cores, max_threads, most) in [(2, 512, 2), (8, 512, 4), (8, 1, 1), (4, 3, 3)] {
        let (engine, _) = start(Config { cores, max_threads, ..Config::default() }, echo);
        let mut memory = Memory { allowed: 1, easy: 0, pressed: 0 };
        let pressed = Tick { pressed: true, stuck: true, ..Tick::default() };
        for _ in 0..20 {
            engine.adjust(0, &pressed, &mut memory);
            assert!(memory.allowed <= most, "{cores} cores, {max_threads} threads");
        }
        assert_eq!(memory.allowed, most, "{cores} cores, {max_threads} threads");
        (0..EASY * 8).for_each(|_| engine.adjust(0, &Tick::default(), &mut memory));
        assert_eq!(memory.allowed, 1);
        end(&engine);
    }
}

#[test]
fn who_sleeps_or_runs_for_long_loses_the_lane_and_nobody_else() {
    let check = |asleep, ran: Option<Duration>, ticks, expected| {
        let what = format!("asleep {asleep:?}, ran {ran:?}, {ticks} ticks");
        assert_eq!(is_a_burden(asleep, || ran, ticks), expected, "{what}");
    };
    let short = Some(LONG - Duration::from_nanos(1));
    check(Some(true), Some(Duration::ZERO), 1, true);
    // It waits for a core, however long that takes.
    check(Some(false), Some(Duration::from_millis(3)), 500, false);
    check(Some(false), short, 500, false);
    check(Some(false), Some(LONG), 10, true);
    // Where the system tells nothing, the ticks count.
    check(None, None, 9, false);
    check(None, None, 10, true);
    check(None, short, 10, false);
    check(Some(false), None, 10, true);
}

#[test]
fn time_on_a_core_counts_from_where_a_call_was_first_seen() {
    let post = Post::new(1);
    assert_eq!(post.ran_before(700, 1), 700);
    assert_eq!(post.ran_before(900, 2), 700);
    assert_eq!(post.ran_before(950, 1), 950, "the next call");
}

/// The thread that looks is itself the one in question, so it surely doesn't sleep.
#[test]
fn a_thread_that_only_stands_in_a_call_keeps_its_lane() {
    let (engine, _) = start(Config { cores: 1, ..Config::default() }, echo);
    while !engine.watcher.rest.is_on() {
        thread::yield_now();
    }
    let lane = &engine.lanes[0].lane;
    lane.allow(2);
    let post = Arc::new(Post::new(thread_number()));
    assert!(lane.join(&post));
    post.enter();
    let mut memory = [Memory { allowed: 2, easy: 0, pressed: 0 }];
    for _ in 0..3 {
        engine.tick(&mut memory);
    }
    assert!(post.leave(), "it lost its lane");
    assert_eq!(engine.counts().taken_over, 0);
    assert!(matches!(lane.turn(&post, None), (Work::Leave, _)));
    end(&engine);
}

/// Whoever had no thread for an order may have one now.
#[test]
fn the_watcher_does_not_rest_while_an_order_waits_for_a_thread() {
    let (engine, _) = start(Config { cores: 1, ..Config::default() }, echo);
    while !engine.watcher.rest.is_on() {
        thread::yield_now();
    }
    // There is a driver, so that no thread for this one is no error.
    engine.crew.give(Order::Drive(0), || Err(ErrorKind::OutOfResources.into())).unwrap();
    assert!(engine.crew.is_short());
    let mut memory = [Memory { allowed: 1, easy: 0, pressed: 0 }];
    assert!(!engine.tick(&mut memory));
    assert!(!engine.crew.is_short());
    end(&engine);
}
