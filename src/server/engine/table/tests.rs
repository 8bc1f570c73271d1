use super::*;

const READABLE: Readiness = Readiness { readable: true, writable: false, read_closed: false };
const READY: Cause = Cause::Ready { read_closed: false };

fn table() -> (Table<&'static str>, Instant) {
    let now = Instant::now();
    (Table::new([Some(Duration::from_secs(10)); Wait::COUNT], now), now)
}

#[test]
fn a_late_event_for_a_reused_slot_means_nothing() {
    let (mut table, now) = table();
    let first = table.insert().unwrap();
    table.remove(first);
    let second = table.insert().unwrap();
    assert_eq!(second.index(), first.index());
    table.park(second, "second", Wait::Idle, now).unwrap();
    assert!(!table.note(first, READABLE));
    assert!(table.take(first).is_none());
    assert!(table.note(Token::from_number(second.number()), READABLE));
    assert_eq!(table.take(second), Some(("second", READY)));
}

#[test]
fn an_event_while_it_is_out_is_remembered_once() {
    let (mut table, now) = table();
    let token = table.insert().unwrap();
    assert!(!table.note(token, READABLE));
    assert_eq!(table.park(token, "c", Wait::Idle, now), Err(("c", READY)));
    assert_eq!(table.park(token, "c", Wait::Idle, now), Ok(()));
}

#[test]
fn an_event_while_it_waits_for_another_turn_is_remembered() {
    let (mut table, now) = table();
    let token = table.insert().unwrap();
    // Neither what comes while a thread has it is forgotten nor what comes while it stands in the queue.
    for queued in [false, true] {
        assert!(queued || !table.note(token, READABLE));
        table.queue(token, "c", Cause::Again);
        assert!(!queued || !table.note(token, READABLE));
        assert_eq!(table.take(token), Some(("c", Cause::Again)));
        assert_eq!(table.park(token, "c", Wait::Idle, now), Err(("c", READY)));
    }
    // A socket that is looked at anyway needn't be looked at twice.
    table.queue(token, "c", READY);
    assert!(!table.note(token, READABLE));
    assert_eq!(table.take(token), Some(("c", READY)));
    assert_eq!(table.park(token, "c", Wait::Idle, now), Ok(()));
}

#[test]
fn room_to_write_does_not_wake_a_reader() {
    let (mut table, now) = table();
    let token = table.insert().unwrap();
    table.park(token, "c", Wait::Idle, now).unwrap();
    assert!(!table.note(token, Readiness { writable: true, ..Readiness::default() }));
    assert!(table.note(token, Readiness { read_closed: true, ..Readiness::default() }));
}

#[test]
fn the_oldest_expires_first_and_progress_restarts_its_time() {
    let (mut table, now) = table();
    let second = Duration::from_secs(1);
    let [a, b] = [table.insert().unwrap(), table.insert().unwrap()];
    table.park(a, "a", Wait::Idle, now).unwrap();
    table.park(b, "b", Wait::Idle, now + second).unwrap();
    assert_eq!(table.next_expiry(), Some(now + 10 * second));
    assert!(table.note(a, READABLE) && table.take(a).is_some());
    table.park(a, "a", Wait::Idle, now + 2 * second).unwrap();
    assert_eq!(table.next_expiry(), Some(now + 11 * second));
    assert_eq!(table.expire(now + 10 * second), None);
    assert_eq!(table.expire(now + 12 * second), Some(b));
    assert_eq!(table.expire(now + 12 * second), Some(a));
    assert_eq!(table.take(b), Some(("b", Cause::Expired(Wait::Idle))));
}

#[test]
fn one_more_byte_of_a_head_does_not_restart_its_time() {
    let (mut table, now) = table();
    let second = Duration::from_secs(1);
    let token = table.insert().unwrap();
    table.park(token, "c", Wait::Head, now).unwrap();
    for i in 1..9 {
        assert!(table.note(token, READABLE) && table.take(token).is_some());
        table.park(token, "c", Wait::Head, now + i * second).unwrap();
    }
    assert_eq!(table.next_expiry(), Some(now + 10 * second));
    // Its time passes while a thread holds it.
    assert!(table.note(token, READABLE) && table.take(token).is_some());
    assert_eq!(table.expire(now + 10 * second), None);
    let parked = table.park(token, "c", Wait::Head, now + 10 * second);
    assert_eq!(parked, Err(("c", Cause::Expired(Wait::Head))));
}

#[test]
fn lists_and_slots_stay_whole_under_any_order() {
    let (mut table, now) = table();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut held: Vec<Token> = Vec::new();
    let mut parked: Vec<Token> = Vec::new();
    for step in 0..20_000_u32 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = now + Duration::from_millis(step.into());
        let pick = (random >> 8) as usize;
        match random % 5 {
            0 => held.push(table.insert().unwrap()),
            1 if !held.is_empty() => table.remove(held.swap_remove(pick % held.len())),
            2 if !held.is_empty() => {
                let token = held.swap_remove(pick % held.len());
                match table.park(token, "c", Wait::ALL[pick % Wait::COUNT], at) {
                    Ok(()) => parked.push(token),
                    Err(_) => held.push(token),
                }
            }
            3 if !parked.is_empty() => {
                let token = parked.swap_remove(pick % parked.len());
                let all = Readiness { readable: true, writable: true, read_closed: false };
                assert!(table.note(token, all));
                held.push(token);
                assert!(table.take(token).is_some());
            }
            _ => {
                while let Some(token) = table.expire(at) {
                    parked.retain(|&other| other != token);
                    assert!(table.take(token).is_some());
                    held.push(token);
                }
            }
        }
        assert_eq!(table.count(), held.len() + parked.len());
    }
}

#[test]
fn a_time_that_passes_while_an_event_is_queued_has_passed() {
    let (mut table, now) = table();
    let second = Duration::from_secs(1);
    let token = table.insert().unwrap();
    table.park(token, "c", Wait::Head, now).unwrap();
    assert!(table.note(token, READABLE));
    assert_eq!(table.expire(now + 10 * second), None);
    assert!(table.take(token).is_some());
    let late = Err(("c", Cause::Expired(Wait::Head)));
    assert_eq!(table.park(token, "c", Wait::Head, now + 10 * second), late);
}

#[test]
fn a_new_head_has_a_time_of_its_own() {
    let (mut table, now) = table();
    let second = Duration::from_secs(1);
    let token = table.insert().unwrap();
    table.park(token, "c", Wait::Head, now).unwrap();
    assert!(table.note(token, READABLE));
    assert_eq!(table.expire(now + 10 * second), None);
    assert!(table.take(token).is_some());
    table.renew(token);
    table.park(token, "c", Wait::Head, now + 10 * second).unwrap();
    assert_eq!(table.next_expiry(), Some(now + 20 * second));
    assert!(table.note(token, READABLE) && table.take(token).is_some());
    // What passed for one wait says nothing of another.
    assert_eq!(table.expire(now + 20 * second), None);
    table.park(token, "c", Wait::Linger, now + 20 * second).unwrap();
    assert_eq!(table.next_expiry(), Some(now + 30 * second));
}
