use super::*;

const OPEN: &[u8] = &[5, 0, 0, 1, 9, 9, 9, 9, 0, 80];

fn name() -> Target<'static> {
    Target::Name("example.org", 80)
}

/// What goes out and how it ends when the proxy sends this, in pieces of that size.
fn play(
    mut handshake: Handshake<'_>,
    answers: &[u8],
    piece: usize,
) -> (Vec<Vec<u8>>, Result<usize, SocksError>) {
    let (mut sent, mut taken, mut end) = (Vec::new(), 0, 0);
    loop {
        match handshake.step(&answers[taken..end]) {
            Ok((n, step)) => {
                taken += n;
                match step {
                    Step::Send(bytes) => sent.push(bytes),
                    Step::Open => return (sent, Ok(taken)),
                    Step::Receive if end == answers.len() => return (sent, Ok(usize::MAX)),
                    Step::Receive => end = answers.len().min(end + piece),
                }
            }
            Err(error) => return (sent, Err(error)),
        }
    }
}

/// The same whole and byte by byte; what was sent comes in one row.
#[track_caller]
fn check(
    make: impl Fn() -> Result<Handshake<'static>, SocksError>,
    answers: &[u8],
) -> (Vec<u8>, Result<usize, SocksError>) {
    let (sent, outcome) = play(make().unwrap(), answers, answers.len().max(1));
    assert_eq!(play(make().unwrap(), answers, 1), (sent.clone(), outcome));
    (sent.concat(), outcome)
}

fn v5(target: Target<'static>) -> impl Fn() -> Result<Handshake<'static>, SocksError> {
    move || Handshake::new(Version::V5, target, None)
}

#[test]
fn version_5_by_name_and_by_address() {
    let asked = b"\x05\x01\x00\x05\x01\x00\x03\x0bexample.org\x00\x50";
    let answers = [&[5, 0][..], OPEN].concat();
    assert_eq!(check(v5(name()), &answers), (asked.to_vec(), Ok(12)));
    let four = Target::Address("10.1.2.3".parse().unwrap(), 443);
    let asked = b"\x05\x01\x00\x05\x01\x00\x01\x0a\x01\x02\x03\x01\xbb";
    assert_eq!(check(v5(four), &answers).0, asked);
    let six = Target::Address("::1".parse().unwrap(), 443);
    let asked = [&b"\x05\x01\x00\x05\x01\x00\x04"[..], &[0; 15], b"\x01\x01\xbb"].concat();
    assert_eq!(check(v5(six), &answers).0, asked);
}

#[test]
fn version_5_with_a_login() {
    let me: &'static Credentials = Box::leak(Box::new(Credentials::new("me", "secret")));
    let make = || Handshake::new(Version::V5, name(), Some(me));
    let request = b"\x05\x01\x00\x03\x0bexample.org\x00\x50";
    let asked = [&b"\x05\x02\x00\x02\x01\x02me\x06secret"[..], request].concat();
    assert_eq!(check(make, &[&[5, 2, 1, 0][..], OPEN].concat()), (asked, Ok(14)));
    // The proxy may do without.
    let asked = [&b"\x05\x02\x00\x02"[..], request].concat();
    assert_eq!(check(make, &[&[5, 0][..], OPEN].concat()), (asked, Ok(12)));
    assert_eq!(check(make, &[5, 2, 1, 1]).1, Err(SocksError::Login));
    assert_eq!(check(make, &[5, 0xff]).1, Err(SocksError::NoMethod));
    assert_eq!(check(make, &[5, 1]).1, Err(SocksError::Method(1)));
    // Nothing that wasn't offered is used.
    assert_eq!(check(v5(name()), &[5, 2]).1, Err(SocksError::Method(2)));
    assert_eq!(check(v5(name()), &[5, 0xff]).1, Err(SocksError::LoginWanted));
}

#[test]
fn replies_of_version_5() {
    let reply = |reply: &[u8]| check(v5(name()), &[&[5, 0][..], reply].concat()).1;
    assert_eq!(reply(&[&[5, 0, 0, 4][..], &[7; 18]].concat()), Ok(24));
    assert_eq!(reply(b"\x05\x00\x00\x03\x04host\x00\x50"), Ok(13));
    assert_eq!(reply(b"\x05\x00\x00\x03\x00\x00\x50"), Ok(9));
    // What follows isn't the handshake's.
    assert_eq!(reply(&[OPEN, b"HTTP"].concat()), Ok(12));
    for code in 1..=u8::MAX {
        assert_eq!(reply(&[5, code]), Err(SocksError::Refused(code)));
    }
    assert_eq!(reply(b"\x05\x00\x00\x02"), Err(SocksError::Malformed));
    assert_eq!(reply(b"\x04"), Err(SocksError::Version(5, 4)));
    assert_eq!(check(v5(name()), b"HTTP/1.1 400").1, Err(SocksError::Version(5, b'H')));
    for cut in 0..OPEN.len() {
        assert_eq!(reply(&OPEN[..cut]), Ok(usize::MAX), "{cut}");
    }
}

#[test]
fn version_4_and_4a() {
    let me: &'static Credentials = Box::leak(Box::new(Credentials::new("me", "")));
    let four = Target::Address("10.1.2.3".parse().unwrap(), 80);
    let make = |target, login| move || Handshake::new(Version::V4, target, login);
    let open = [0, 90, 1, 2, 3, 4, 5, 6];
    assert_eq!(check(make(four, None), &open), (b"\x04\x01\x00\x50\x0a\x01\x02\x03\x00".to_vec(), Ok(8)));
    let asked = b"\x04\x01\x00\x50\x0a\x01\x02\x03me\x00".to_vec();
    assert_eq!(check(make(four, Some(me)), &open), (asked, Ok(8)));
    let asked = b"\x04\x01\x00\x50\x00\x00\x00\x01me\x00example.org\x00".to_vec();
    assert_eq!(check(make(name(), Some(me)), &open), (asked, Ok(8)));
    for (answer, error) in [
        (&[0, 91][..], SocksError::Rejected),
        (&[0, 93], SocksError::Identd(93)),
        (&[0, 0], SocksError::Malformed),
        (&[5, 0], SocksError::Version(4, 5)),
    ] {
        assert_eq!(check(make(four, None), answer).1, Err(error));
    }
    let six = Target::Address("::1".parse().unwrap(), 80);
    assert_eq!(Handshake::new(Version::V4, six, None).err(), Some(SocksError::NoIpv6));
}

#[test]
fn no_answer_panics() {
    let long = "x".repeat(256);
    assert_eq!(
        Handshake::new(Version::V5, Target::Name(&long, 1), None).err(),
        Some(SocksError::NameTooLong)
    );
    let mut random = 1_u32;
    for round in 0..5_000_usize {
        let bytes: Vec<u8> = (0..round % 40)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Mostly small numbers, which get further.
                (random >> 24) as u8 & if random & 1 == 0 { 7 } else { 255 }
            })
            .collect();
        for (version, start) in [(Version::V4, 0), (Version::V5, 5)] {
            let answers = [&[start][..], &bytes].concat();
            let whole = play(Handshake::new(version, name(), None).unwrap(), &answers, usize::MAX / 2);
            assert_eq!(play(Handshake::new(version, name(), None).unwrap(), &answers, 1), whole);
        }
    }
}

#[test]
fn errors_say_whose_fault_it_is() {
    for (error, kind, text) in [
        (SocksError::Refused(5), ErrorKind::ConnectionRefused, "SOCKS: connection refused"),
        (SocksError::Refused(2), ErrorKind::Proxy, "SOCKS: its rules don't allow it"),
        (SocksError::Refused(99), ErrorKind::Proxy, "SOCKS: it failed with code 99"),
        (
            SocksError::Version(5, b'H'),
            ErrorKind::Protocol,
            "SOCKS: it doesn't speak SOCKS5: its answer begins with byte 0x48",
        ),
    ] {
        let error = Error::from(error);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    }
}
