//! The lane's rules, one thread at a time.

use super::*;

const READABLE: Readiness = Readiness { readable: true, writable: false, read_closed: false };

/// Without drivers; its poller's seat is a number, its connections are words.
fn lane() -> (Lane<u8, &'static str>, Instant) {
    let now = Instant::now();
    let patience = [Some(Duration::from_secs(10)); Wait::COUNT];
    (Lane::new(Setup { seat: 7, doors: 1, patience, now }), now)
}

fn driver(lane: &Lane<u8, &'static str>) -> Arc<Post> {
    let post = Arc::new(Post::new(1));
    assert!(lane.join(&post));
    post
}

fn parked(lane: &Lane<u8, &'static str>, conn: &'static str, now: Instant) -> Token {
    let token = lane.admit().unwrap();
    assert!(lane.settle(Outcome::Park(token, conn, Wait::Idle), now).0.is_none());
    token
}

/// The driver takes the poller's seat and comes back with these events.
#[track_caller]
fn poll(lane: &Lane<u8, &'static str>, post: &Arc<Post>, events: &[Target], now: Instant) {
    match lane.turn(post, None) {
        (Work::Poll(seat, _), _) => lane.polled(seat, now, |_, tell| {
            for &target in events {
                tell(target, READABLE);
            }
        }),
        other => panic!("not the poller but {other:?}"),
    }
}

#[track_caller]
fn serve(
    lane: &Lane<u8, &'static str>,
    post: &Arc<Post>,
    done: Option<Outcome<&'static str>>,
) -> Held<&'static str> {
    match lane.turn(post, done) {
        (Work::Serve(held, _), _) => held,
        other => panic!("not a connection but {other:?}"),
    }
}

#[test]
fn one_polls_and_the_next_goes_home() {
    let (lane, _) = lane();
    lane.allow(2);
    let (first, second) = (driver(&lane), driver(&lane));
    assert!(matches!(lane.turn(&first, None), (Work::Poll(7, None), _)));
    assert!(matches!(lane.turn(&second, None), (Work::Leave, _)));
}

#[test]
fn who_always_has_more_comes_behind_the_others_events() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let (greedy, modest) = (parked(&lane, "greedy", now), parked(&lane, "modest", now));
    poll(&lane, &post, &[Target::Conn(greedy)], now);
    let held = serve(&lane, &post, None);
    assert_eq!(held.conn, "greedy");
    match lane.turn(&post, Some(Outcome::Again(greedy, "greedy"))) {
        (Work::Poll(seat, Some(until)), _) => {
            assert!(until <= now, "does not wait");
            lane.polled(seat, now, |_, tell| tell(Target::Conn(modest), READABLE));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(serve(&lane, &post, None).conn, "modest");
    assert_eq!(serve(&lane, &post, None).conn, "greedy");
}

#[test]
fn a_door_waits_for_room_and_opens_when_a_connection_ends() {
    let (lane, now) = lane();
    let post = driver(&lane);
    poll(&lane, &post, &[Target::Door(0)], now);
    assert!(matches!(lane.turn(&post, None), (Work::Accept(0, _), _)));
    lane.answered(0, Door::Full(None));
    // The door is passed over, though somebody stands there.
    assert!(matches!(lane.turn(&post, None), (Work::Poll(..), _)));
    assert!(lane.reopen().wake, "the poller has to look at the door again");
    assert!(!lane.reopen().call);
}

#[test]
fn a_full_lane_gives_up_who_has_been_idle_longest() {
    let (lane, now) = lane();
    let post = driver(&lane);
    assert_eq!(lane.parked_since(Wait::is_idle), None);
    let (first, second) = (parked(&lane, "first", now), parked(&lane, "second", now));
    let later = now + Duration::from_secs(1);
    // Who is being served isn't idle, and comes behind afterwards.
    poll(&lane, &post, &[Target::Conn(first)], later);
    let held = serve(&lane, &post, None);
    let since = lane.parked_since(Wait::is_idle).unwrap();
    assert!(since < later);
    assert_eq!(lane.evict_idlest(since - Duration::from_millis(1)), Alert::default(), "not idle for so long");
    let _ = lane.evict_idlest(since);
    let evicted = serve(&lane, &post, Some(Outcome::Park(held.token, held.conn, Wait::Idle)));
    assert_eq!((evicted.token, evicted.conn, evicted.cause), (second, "second", Cause::Expired(Wait::Idle)));
    assert_eq!(lane.parked_since(Wait::is_idle), Some(since + Duration::from_secs(1)));
}

/// However many threads hold connections that were idle before: at work, or ready and not begun.
#[test]
fn who_is_idle_is_found_behind_any_number_at_work() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let busy: Vec<_> = (0..200).map(|_| parked(&lane, "busy", now)).collect();
    let (new, idle) = (lane.admit().unwrap(), now + Duration::from_secs(1));
    assert!(lane.settle(Outcome::Park(new, "idle", Wait::New), idle).0.is_none());
    let events: Vec<_> = busy.iter().copied().map(Target::Conn).collect();
    poll(&lane, &post, &events, idle);
    // Half of them stay in the queue.
    let held: Vec<_> = (0..100).map(|_| serve(&lane, &post, None)).collect();
    assert!(held.iter().all(|held| !held.timed && held.conn == "busy"));
    assert_eq!(lane.parked_since(Wait::is_idle), Some(idle));
    assert_eq!(lane.take_longest(Wait::is_idle).map(|held| (held.token, held.conn)), Some((new, "idle")));
}

/// The first request's time goes on until its work begins, whatever becomes of it; then it holds no place in line.
#[test]
fn who_works_for_the_first_time_is_in_nobodys_way() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let new = |conn| {
        let token = lane.admit().unwrap();
        assert!(lane.settle(Outcome::Park(token, conn, Wait::New), now).0.is_none());
        token
    };
    let (first, second) = (new("first"), new("second"));
    poll(&lane, &post, &[Target::Conn(first)], now);
    let held = serve(&lane, &post, None);
    assert!(held.timed);
    lane.renew(held.token);
    assert_eq!(lane.take_longest(Wait::is_idle).map(|held| held.token), Some(second));
    assert!(lane.take_longest(Wait::is_idle).is_none());
    assert!(lane.settle(Outcome::Park(first, held.conn, Wait::New), now).0.is_none());
    assert_eq!(lane.take_longest(Wait::is_idle).map(|held| held.token), Some(first));
}

#[test]
fn who_has_waited_longest_is_taken_out_at_once() {
    let (lane, now) = lane();
    let second = Duration::from_secs(1);
    let for_write = |wait: Wait| wait == Wait::WriteKept;
    let waits = |conn, wait, now| {
        let token = lane.admit().unwrap();
        assert!(lane.settle(Outcome::Park(token, conn, wait), now).0.is_none());
        token
    };
    waits("a file", Wait::Write, now);
    let first = waits("first", Wait::WriteKept, now + second);
    let then = waits("second", Wait::WriteKept, now + 2 * second);
    // It has made progress since.
    let post = driver(&lane);
    let writable = Readiness { readable: false, writable: true, read_closed: false };
    assert!(matches!(lane.turn(&post, None), (Work::Poll(..), _)));
    lane.polled(7, now + 3 * second, |_, tell| tell(Target::Conn(first), writable));
    let held = serve(&lane, &post, None);
    assert_eq!(lane.parked_since(for_write), Some(now + 2 * second));
    assert!(lane.settle(Outcome::Park(held.token, held.conn, Wait::WriteKept), now).0.is_none());
    for (token, conn) in [(then, "second"), (first, "first")] {
        let held = lane.take_longest(for_write).unwrap();
        assert_eq!((held.token, held.conn, held.cause), (token, conn, Cause::Expired(Wait::WriteKept)));
        assert_eq!(lane.hand_in(Outcome::Gone(token), now), Alert::default());
    }
    assert!(lane.take_longest(for_write).is_none());
    assert_eq!((lane.count(), lane.parked_since(for_write)), (1, None));
}

#[test]
fn a_full_door_is_tried_again_at_its_time() {
    let (lane, now) = lane();
    let post = driver(&lane);
    poll(&lane, &post, &[Target::Door(0)], now);
    assert!(matches!(lane.turn(&post, None), (Work::Accept(0, _), _)));
    let until = now + Duration::from_secs(5);
    lane.answered(0, Door::Full(Some(until)));
    match lane.turn(&post, None) {
        (Work::Poll(seat, wait), _) => {
            assert_eq!(wait, Some(until));
            lane.polled(seat, until, |_, _| {});
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(lane.turn(&post, None), (Work::Accept(0, _), _)));
}

#[test]
fn out_of_descriptors_pauses_and_comes_back() {
    let (lane, now) = lane();
    let post = driver(&lane);
    poll(&lane, &post, &[Target::Door(0)], now);
    assert!(matches!(lane.turn(&post, None), (Work::Accept(..), _)));
    let until = now + Duration::from_millis(50);
    lane.answered(0, Door::Pause(until));
    match lane.turn(&post, None) {
        (Work::Poll(seat, limit), _) => {
            assert_eq!(limit, Some(until));
            lane.polled(seat, until, |_, _| {});
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(lane.turn(&post, None), (Work::Accept(0, _), _)));
}

#[test]
fn a_knock_while_the_door_is_open_is_remembered() {
    let (lane, now) = lane();
    lane.allow(2);
    let (first, second) = (driver(&lane), driver(&lane));
    poll(&lane, &first, &[Target::Door(0)], now);
    assert!(matches!(lane.turn(&first, None), (Work::Accept(..), _)));
    poll(&lane, &second, &[Target::Door(0)], now);
    lane.answered(0, Door::Drained);
    assert!(matches!(lane.turn(&first, None), (Work::Accept(..), _)));
}

#[test]
fn a_long_queue_calls_one_driver_if_another_is_allowed() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let tokens: Vec<_> = (0..40).map(|_| Target::Conn(parked(&lane, "c", now))).collect();
    poll(&lane, &post, &tokens, now);
    let (_, alert) = lane.turn(&post, None);
    assert_eq!(alert, Alert::default());
    assert!(lane.tick(Instant::now()).pressed);
    lane.allow(2);
    let (_, alert) = lane.turn(&post, None);
    assert!(alert.call);
    let (_, alert) = lane.turn(&post, None);
    assert!(!alert.call, "called already");
}

#[test]
fn expired_and_draining_connections_come_out_once() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let token = parked(&lane, "old", now);
    let late = now + Duration::from_secs(10);
    match lane.turn(&post, None) {
        (Work::Poll(seat, limit), _) => {
            assert_eq!(limit, Some(late));
            lane.polled(seat, late, |_, _| {});
        }
        other => panic!("{other:?}"),
    }
    let held = serve(&lane, &post, None);
    assert_eq!((held.token, held.cause), (token, Cause::Expired(Wait::Idle)));
    parked(&lane, "idle", late);
    let (work, _) = lane.turn(&post, Some(Outcome::Gone(token)));
    assert!(matches!(work, Work::Poll(..)));
    assert!(lane.drain().wake);
    assert_eq!(lane.count(), 1);
    assert!(lane.admit().is_none());
}

/// Two drivers: one waits in the poller, without a time to come back, while the other works.
fn one_waits_and_one_works(lane: &Lane<u8, &'static str>, now: Instant) -> Arc<Post> {
    lane.allow(2);
    let (waiting, working) = (driver(lane), driver(lane));
    poll(lane, &waiting, &[Target::Door(0)], now);
    assert!(matches!(lane.turn(&working, None), (Work::Accept(..), _)));
    assert!(matches!(lane.turn(&waiting, None), (Work::Poll(_, None), _)));
    working
}

#[test]
fn who_waits_is_told_of_a_pause_at_the_door() {
    let (lane, now) = lane();
    let working = one_waits_and_one_works(&lane, now);
    lane.answered(0, Door::Pause(now + Duration::from_millis(50)));
    let (work, alert) = lane.turn(&working, None);
    assert!(matches!(work, Work::Leave));
    assert!(alert.wake, "nobody else knows when to try the door again");
}

#[test]
fn who_waits_is_told_of_a_connection_whose_time_runs() {
    let (lane, now) = lane();
    let working = one_waits_and_one_works(&lane, now);
    let token = lane.admit().unwrap();
    lane.answered(0, Door::Drained);
    let (work, alert) = lane.turn(&working, Some(Outcome::Park(token, "c", Wait::Head)));
    assert!(matches!(work, Work::Leave));
    assert!(alert.wake, "nobody else knows when its time is up");
}

#[test]
fn what_a_lost_driver_leaves_is_for_who_waits() {
    let (lane, now) = lane();
    let working = one_waits_and_one_works(&lane, now);
    // The lane may have one driver less from now on; those that there are stay until they have nothing to do.
    lane.allow(1);
    lane.answered(0, Door::Opened);
    working.enter();
    working.tick();
    let (call, _) = working.tick().unwrap();
    assert_eq!(lane.lose(&working, call), (true, Alert { call: false, wake: true }));
}

#[test]
fn what_another_lane_s_driver_brings_is_for_this_lane_s() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let token = lane.admit().unwrap();
    assert!(matches!(lane.turn(&post, None), (Work::Poll(..), _)));
    assert!(lane.hand_in(Outcome::Again(token, "more"), now).wake);
    lane.polled(7, now, |_, _| {});
    let held = serve(&lane, &post, None);
    assert_eq!((held.conn, held.cause), ("more", Cause::Again));
    assert_eq!(lane.hand_in(Outcome::Park(token, "more", Wait::Idle), now), Alert::default());
}

#[test]
fn at_the_very_end_whatever_comes_back_is_closed() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let (greedy, slow) = (lane.admit().unwrap(), lane.admit().unwrap());
    let _ = lane.drain();
    let _ = lane.evict();
    assert!(matches!(lane.turn(&post, Some(Outcome::Again(greedy, "greedy"))), (Work::Poll(7, _), _)));
    let (held, _) = lane.settle(Outcome::Park(slow, "slow", Wait::Body), now);
    assert_eq!(held.unwrap().cause, Cause::Expired(Wait::Body));
    lane.polled(7, now, |_, _| {});
    assert_eq!(serve(&lane, &post, None).cause, Cause::Expired(Wait::Idle));
}

/// Somebody is always at the door, and two connections have something to read.
#[test]
fn a_crowd_at_the_door_lets_the_others_have_their_turn() {
    let (lane, now) = lane();
    let post = driver(&lane);
    lane.allow(2);
    let tokens = [parked(&lane, "first", now), parked(&lane, "second", now)];
    poll(&lane, &post, &[Target::Conn(tokens[0]), Target::Conn(tokens[1]), Target::Door(0)], now);
    let mut accepts = 0;
    let mut called = 0;
    let held = loop {
        let (work, alert) = lane.turn(&post, None);
        called += u32::from(alert.call);
        match work {
            Work::Accept(0, _) if accepts < 16 => accepts += 1,
            Work::Serve(held, _) => break held,
            other => panic!("after {accepts} not a connection but {other:?}"),
        }
        lane.answered(0, Door::Opened);
    };
    assert_eq!((held.conn, accepts > 1), ("first", true));
    assert_eq!(called, 1, "one driver more may help");
    assert_eq!(serve(&lane, &post, None).conn, "second");
    poll(&lane, &post, &[], now);
    assert!(matches!(lane.turn(&post, None), (Work::Accept(0, _), _)), "the door has its turn as well");
}

/// The one in the poller waits for ever, as nothing was parked when he went.
#[test]
fn a_time_that_another_thread_brings_is_told_to_who_waits() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let token = lane.admit().unwrap();
    assert!(matches!(lane.turn(&post, None), (Work::Poll(7, None), _)));
    let (again, alert) = lane.settle(Outcome::Park(token, "limited", Wait::Idle), now);
    assert!(again.is_none());
    assert_eq!(alert, Alert { wake: true, call: false });
}

/// A batch of work may take long: a time that begins at its end isn't one of its beginning.
#[test]
fn the_watcher_sets_the_clock() {
    let (lane, now) = lane();
    let post = driver(&lane);
    let later = now + Duration::from_secs(8);
    let token = parked(&lane, "busy", now);
    poll(&lane, &post, &[Target::Conn(token)], now);
    let held = serve(&lane, &post, None);
    lane.tick(later);
    let (work, _) = lane.turn(&post, Some(Outcome::Park(held.token, held.conn, Wait::Idle)));
    let Work::Poll(_, until) = work else { panic!("not the poller but {work:?}") };
    assert_eq!(until, Some(later + Duration::from_secs(10)));
}
