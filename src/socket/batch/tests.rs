use super::*;
use crate::sys::c;

/// Has the first portion full and then these; how many datagrams there are, and what the error was.
#[track_caller]
fn check(portions: &[Result<usize, i32>], count: usize, errno: Option<i32>) {
    let mut batch = DatagramBatch::new(4 * sys::AT_ONCE, 8);
    batch.end = sys::AT_ONCE;
    let mut portions = portions.iter();
    let outcome = batch.fill_up(sys::AT_ONCE, |_, range| {
        assert!(range.len() <= sys::AT_ONCE && range.end <= 4 * sys::AT_ONCE);
        portions.next().unwrap().map_err(Error::from_errno)
    });
    assert_eq!((batch.len(), outcome.err().and_then(|error| error.raw_os_error())), (count, errno));
    assert!(portions.next().is_none());
}

#[test]
fn an_error_after_the_first_portion_is_not_lost() {
    check(&[Err(c::ECONNREFUSED)], sys::AT_ONCE, Some(c::ECONNREFUSED));
    check(&[Ok(sys::AT_ONCE), Err(c::ENETDOWN)], 2 * sys::AT_ONCE, Some(c::ENETDOWN));
    check(&[Err(c::EAGAIN)], sys::AT_ONCE, Some(c::EAGAIN));
    let full = [Ok(sys::AT_ONCE), Ok(sys::AT_ONCE), Ok(sys::AT_ONCE)];
    check(&full, 4 * sys::AT_ONCE, None);
}
