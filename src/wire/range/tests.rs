use super::*;

fn check(value: &str, length: u64, expected: &Selection) {
    assert_eq!(select(value.as_bytes(), length), *expected, "{value:?} of {length}");
}

fn one(value: &str, length: u64, expected: Range<u64>) {
    check(value, length, &Selection::One(expected));
}

#[test]
fn the_examples_of_the_rfc() {
    // RFC 9110 §14.1.2, a representation of 10000 bytes.
    one("bytes=0-499", 10_000, 0..500);
    one("bytes=500-999", 10_000, 500..1000);
    one("bytes=-500", 10_000, 9500..10_000);
    one("bytes=9500-", 10_000, 9500..10_000);
    check("bytes=0-0,-1", 10_000, &Selection::Several(vec![0..1, 9999..10_000]));
    check(
        "bytes= 0-999, 4500-5499, -1000",
        10_000,
        &Selection::Several(vec![0..1000, 4500..5500, 9000..10_000]),
    );
    one("bytes=500-600,601-999", 10_000, 500..1000);
    one("bytes=500-700,601-999", 10_000, 500..1000);
}

#[test]
fn what_lies_past_the_end() {
    one("bytes=5-100", 10, 5..10);
    one("bytes=-100", 10, 0..10);
    check("bytes=10-", 10, &Selection::Unsatisfiable);
    check("bytes=10-20,30-40", 10, &Selection::Unsatisfiable);
    check("bytes=-0", 10, &Selection::Unsatisfiable);
    one("bytes=10-20,3-4", 10, 3..5);
    check("bytes=0-", 0, &Selection::Unsatisfiable);
    check("bytes=-5", 0, &Selection::Whole);
}

#[test]
fn what_is_no_range_is_ignored() {
    for value in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=a-b",
        "bytes=1-0",
        "bytes=0-1,x",
        "items=0-1",
        "bytes =0-1",
        "bytes=0 -1",
        "bytes=+0-1",
        "bytes=0x0-1",
        "bytes=0-1;2-3",
        "bytes=0-1, bytes=2-3",
        "bytes=1",
        "bytes=0-1\0",
    ] {
        check(value, 10, &Selection::Whole);
    }
    one("BYTES=0-1", 10, 0..2);
    one("bytes=,\t0-1 ,,", 10, 0..2);
}

#[test]
fn numbers_that_do_not_fit() {
    let huge = "9".repeat(400);
    one(&format!("bytes=0-{huge}"), 10, 0..10);
    one(&format!("bytes=-{huge}"), 10, 0..10);
    check(&format!("bytes={huge}-"), 10, &Selection::Unsatisfiable);
    check(&format!("bytes={huge}-{huge}"), u64::MAX, &Selection::Unsatisfiable);
    one("bytes=18446744073709551614-18446744073709551615", u64::MAX, u64::MAX - 1..u64::MAX);
    one("bytes=0-18446744073709551615", u64::MAX, 0..u64::MAX);
    one("bytes=-18446744073709551615", u64::MAX, 0..u64::MAX);
}

#[test]
fn the_count_is_bounded() {
    let list = |count: u64| {
        let specs: Vec<String> = (0..count).map(|n| format!("{}-{}", n * 1000, n * 1000 + 1)).collect();
        format!("bytes={}", specs.join(","))
    };
    let Selection::Several(ranges) = select(list(32).as_bytes(), 1 << 40) else { panic!("32 are served") };
    assert_eq!(ranges.len(), MAX_RANGES);
    check(&list(33), 1 << 40, &Selection::Whole);
    // Also when none of them can be met, and when all are one and the same.
    check(&list(33), 0, &Selection::Whole);
    check(&format!("bytes={}", "0-,".repeat(33)), 10, &Selection::Whole);
}

#[test]
fn overlaps_are_sent_once() {
    one("bytes=0-,0-,0-,-9999", 10_000, 0..10_000);
    check("bytes=5000-5999,0-999,5500-6999", 10_000, &Selection::Several(vec![5000..7000, 0..1000]));
    // Joining two makes a third one touch.
    one("bytes=0-99,300-399,100-299", 10_000, 0..400);
    // A gap smaller than a part's head.
    one("bytes=0-99,179-200", 10_000, 0..201);
    one("bytes=0-99,180-200", 10_000, 0..201);
    check("bytes=0-99,181-200", 10_000, &Selection::Several(vec![0..100, 181..201]));
}

/// Whatever is asked for: bounded, inside, disjoint.
#[test]
fn the_invariants_hold_for_anything() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    const PIECES: [&[u8]; 12] = [
        b"bytes=",
        b"0",
        b"1",
        b"99",
        b"-",
        b"-",
        b",",
        b" ",
        b"18446744073709551615",
        b"500",
        b"7",
        b"\xff",
    ];
    for _ in 0..20_000 {
        let mut value = b"bytes=".to_vec();
        for _ in 0..next(24) {
            value.extend_from_slice(PIECES[next(PIECES.len() as u64) as usize]);
        }
        let length = [0, 1, 10, 1000, 100_000, u64::MAX][next(6) as usize];
        let ranges = match select(&value, length) {
            Selection::Whole | Selection::Unsatisfiable => continue,
            Selection::One(range) => vec![range],
            Selection::Several(ranges) => ranges,
        };
        assert!(ranges.len() <= MAX_RANGES);
        for (at, range) in ranges.iter().enumerate() {
            assert!(range.start < range.end && range.end <= length, "{range:?} of {length}");
            assert!(
                ranges[at + 1..].iter().all(|other| other.start >= range.end || range.start >= other.end)
            );
        }
    }
}

#[test]
fn the_length_of_a_multipart_body_is_exact() {
    let multipart = Multipart { boundary: "b0", media_type: "text/plain", length: 1000 };
    let ranges = [0..10, 500..600];
    let mut body = String::new();
    for range in &ranges {
        body.push_str(&multipart.part_head(range));
        body.push_str(&"x".repeat((range.end - range.start) as usize));
    }
    body.push_str(&multipart.end());
    assert_eq!(multipart.body_length(&ranges), body.len() as u64);
    assert!(
        body.starts_with("\r\n--b0\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-9/1000\r\n\r\nx")
    );
    assert!(body.ends_with("x\r\n--b0--\r\n"));
    assert_eq!(multipart.content_type(), "multipart/byteranges; boundary=b0");
    assert_eq!(unsatisfied_range(7), "bytes */7");
}
