//! Round trips and hostile bytes. Nothing here adopts descriptors from bytes: they might be somebody's.

use super::*;

#[test]
fn what_is_put_together_is_taken_apart() {
    let mut control = ControlOut::default();
    let sizes = [0, 1, 3, 4, 7, 8, 9, 1012];
    for (kind, size) in (100..).zip(sizes) {
        control.push(41, kind, &vec![kind as u8; size]);
    }
    let bytes = control.bytes();
    assert_eq!(bytes.len(), sizes.iter().map(|&size| cmsg_space(size)).sum::<usize>());
    assert_eq!(bytes.as_ptr().align_offset(align_of::<libc::cmsghdr>()), 0);
    let seen: Vec<_> = walk(bytes).map(|(level, kind, data)| (level, kind, data.to_vec())).collect();
    let expected = (100..).zip(sizes).map(|(kind, size)| (41, kind, vec![kind as u8; size]));
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

#[test]
fn the_sizes_are_those_of_the_c_macros() {
    for size in 0..100_u32 {
        // SAFETY: they compute with a number.
        let (length, space) = unsafe { (libc::CMSG_LEN(size), libc::CMSG_SPACE(size)) };
        assert_eq!((cmsg_len(size as usize), cmsg_space(size as usize)), (length as usize, space as usize));
    }
    assert!(cmsg_len(usize::MAX) == usize::MAX && cmsg_space(usize::MAX) > usize::MAX / 2);
}

/// Walks, and touches every byte that is handed out.
fn touch(bytes: &[u8]) -> usize {
    let mut count = 0;
    for (_, _, data) in walk(bytes) {
        assert!(data.len() <= bytes.len());
        count += 1 + usize::from(data.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) == 255);
    }
    count
}

#[test]
fn a_cut_message_gives_what_is_there() {
    let mut control = ControlOut::default();
    control.push(1, 2, &[7; 32]);
    let bytes = control.bytes();
    for end in 0..bytes.len() {
        let cut = &bytes[..end];
        let seen: Vec<usize> = walk(cut).map(|(_, _, data)| data.len()).collect();
        let expected = if end < HEADER { vec![] } else { vec![(end - HEADER).min(32)] };
        assert_eq!(seen, expected, "{end}");
    }
}

#[test]
fn lengths_that_lie() {
    let mut control = ControlOut::default();
    control.push(1, 2, &[0; 16]);
    let whole = control.bytes().to_vec();
    let size = size_of_val(&empty().cmsg_len);
    let lies = [
        0,
        1,
        HEADER - 1,
        HEADER,
        HEADER + 1,
        whole.len() + 1,
        i32::MAX as usize,
        usize::MAX - 3,
        usize::MAX,
    ];
    for lie in lies {
        let mut bytes = whole.clone();
        bytes[..size].copy_from_slice(&lie.to_ne_bytes()[..size]);
        assert!(touch(&bytes) <= 2, "{lie}");
    }
}

fn empty() -> libc::cmsghdr {
    // SAFETY: a struct of integers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

#[test]
fn any_bytes_at_any_alignment_are_walked() {
    // xorshift: the same bytes each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..2000 {
        let mut bytes: Vec<u8> = (0..random() % 200).map(|_| random() as u8).collect();
        // Lengths that are small often enough that the walk goes on.
        for at in (0..bytes.len().saturating_sub(8)).step_by(8) {
            if random() % 3 == 0 {
                bytes[at..at + 8].copy_from_slice(&(random() % 64).to_ne_bytes());
            }
        }
        for start in 0..bytes.len().min(9) {
            assert!(touch(&bytes[start..]) <= 2 * bytes.len());
        }
        let _ = duration_of_timespec(&bytes);
    }
}

#[test]
fn times() {
    let time = libc::timespec { tv_sec: 5, tv_nsec: 6 };
    // SAFETY: the struct has so many bytes, and no padding on the systems tested.
    let bytes = unsafe { slice::from_raw_parts((&raw const time).cast::<u8>(), size_of_val(&time)) };
    assert_eq!(duration_of_timespec(bytes), Some(Duration::new(5, 6)));
    assert_eq!(duration_of_timespec(&[255; size_of::<libc::timespec>()]), None);
    assert_eq!(duration_of_timespec(&bytes[1..]), None);
}
