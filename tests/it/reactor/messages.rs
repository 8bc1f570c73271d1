//! The receivers of lines and strings: facts of Twisted's `test_basic`, whole and byte by byte.

use sockeye::reactor::{
    Protocol,
    basic::{
        Int8StringReceiver, Int32Codec, LineProtocol, LineReceiver, LineTransport, NetstringReceiver,
        StringProtocol, StringReceiver, StringTransport,
    },
    testing::MemoryTransport,
};

use super::recorder::Log;

/// Does what the lines say.
struct Lines(Log);

impl LineProtocol for Lines {
    fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
        self.0.add(String::from_utf8_lossy(line));
        match line {
            b"pause" => transport.pause_reading(),
            b"raw" => transport.set_raw_mode(),
            b"lose" => transport.lose_connection(),
            _ => {}
        }
    }

    fn raw_data_received(&mut self, transport: &mut LineTransport<'_>, data: &[u8]) {
        // A raw part ends with a dot.
        match data.iter().position(|&byte| byte == b'.') {
            None => self.0.add(format!("raw {}", String::from_utf8_lossy(data))),
            Some(end) => {
                self.0.add(format!("raw {}", String::from_utf8_lossy(&data[..end])));
                transport.set_line_mode(&data[end + 1..]);
            }
        }
    }
}

struct Strings(Log);

impl StringProtocol for Strings {
    fn string_received(&mut self, transport: &mut StringTransport<'_>, string: &[u8]) {
        self.0.add(String::from_utf8_lossy(string));
        match string {
            b"pause" => transport.pause_reading(),
            b"lose" => transport.lose_connection(),
            _ => {}
        }
    }
}

/// The input, in pieces of every size, gives these lines of the log, after every pause one more.
#[track_caller]
fn check<P: Protocol>(make: impl Fn(Log) -> P, input: &[u8], expected: &[&str]) {
    for size in [input.len(), 1, 2, 3] {
        let log = Log::default();
        let mut memory = MemoryTransport::new(make(log.clone())).unwrap();
        memory.receive_in_pieces(input, size);
        for _ in 0..expected.len() {
            memory.with(|transport| transport.resume_reading());
        }
        let joined = |lines: &[String]| lines.concat().replace("raw ", "");
        let lines = log.take();
        let raws: Vec<String> = expected.iter().map(|line| line.to_string()).collect();
        assert_eq!(joined(&lines), joined(&raws), "in pieces of {size}: {lines:?}");
    }
}

#[test]
fn lines_raw_data_and_back() {
    let lines = |log| LineReceiver::new(Lines(log));
    check(lines, b"one\r\ntwo\r\n\r\nrest", &["one", "two", ""]);
    check(
        lines,
        b"raw\r\nabc\r\ndef.one\r\nraw\r\n.raw\r\nx.",
        &["raw", "raw abc\r\ndef", "one", "raw", "raw", "x"],
    );
    check(lines, b"one\r\nlose\r\ntwo\r\n", &["one", "lose"]);
    check(lines, b"pause\r\none\r\npause\r\ntwo\r\n", &["pause", "one", "pause", "two"]);
}

#[test]
fn strings_of_every_form() {
    let netstrings = |log| NetstringReceiver::new(Strings(log));
    check(netstrings, b"3:one,5:pause,3:two,4:lose,5:three,", &["one", "pause", "two", "lose"]);
    let bytes = |log| Int8StringReceiver::new(Strings(log));
    check(bytes, b"\x03one\x05pause\x03two\x04lose\x05three", &["one", "pause", "two", "lose"]);
    let limited = |log| StringReceiver::with_codec(Strings(log), Int32Codec::new().max_length(5));
    check(limited, b"\0\0\0\x05three\0\0\0\x06toolong", &["three"]);
}

#[test]
fn a_paused_receiver_hands_nothing_on_until_it_is_resumed() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(LineReceiver::new(Lines(log.clone()))).unwrap();
    memory.receive(b"pause\r\none\r\n");
    memory.receive(b"two\r\n");
    log.check(&["pause"]);
    memory.with(|transport| transport.resume_reading());
    log.check(&["one", "two"]);
}

#[test]
fn a_line_that_is_too_long_ends_the_connection_unless_the_protocol_says_otherwise() {
    struct Patient(Log);
    impl LineProtocol for Patient {
        fn line_received(&mut self, _: &mut LineTransport<'_>, line: &[u8]) {
            self.0.add(String::from_utf8_lossy(line));
        }
        fn line_length_exceeded(&mut self, _: &mut LineTransport<'_>, error: &sockeye::Error) {
            self.0.add(error.to_string());
        }
    }
    let log = Log::default();
    let mut memory = MemoryTransport::new(LineReceiver::new(Patient(log.clone())).max_length(5)).unwrap();
    memory.receive(b"12345\r\n123456\r\n");
    memory.receive(b"one\r\n");
    log.check(&["12345", "a line of more than 5 bytes", "one"]);

    let mut memory = MemoryTransport::new(LineReceiver::new(Lines(log.clone())).max_length(5)).unwrap();
    memory.receive(b"123456789");
    assert!(memory.is_over());
    log.check(&[]);
}

#[test]
fn what_breaks_the_form_ends_the_connection_and_is_told_once() {
    struct Told(Log);
    impl StringProtocol for Told {
        fn string_received(&mut self, _: &mut StringTransport<'_>, _: &[u8]) {}
        fn invalid_received(&mut self, _: &mut StringTransport<'_>, error: &sockeye::Error) {
            self.0.add(error.to_string());
        }
    }
    let log = Log::default();
    let mut memory = MemoryTransport::new(NetstringReceiver::new(Told(log.clone()))).unwrap();
    memory.receive(b"1:a,x");
    memory.receive(b"1:a,1:b;");
    log.check(&["not a netstring: its length isn't digits and a colon"]);
}

#[test]
fn an_adaptor_is_as_good_as_what_is_in_it() {
    struct Made;
    impl LineProtocol for Made {
        fn connection_made(&mut self, transport: &mut LineTransport<'_>) {
            transport.send_line("220 ready");
        }
        fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
            let peer = transport.peer().unwrap().to_string();
            transport.write(peer.as_bytes());
            transport.send_line(line);
        }
    }
    let mut memory = MemoryTransport::new(LineReceiver::new(Made)).unwrap();
    memory.receive(b"!\r\n");
    assert_eq!(memory.take(), b"220 ready\r\n192.0.2.1:54321!\r\n");
    let id = memory.id();
    assert!(memory.reactor().protocol::<LineReceiver<Made>>(id).is_some());
    assert!(memory.reactor().protocol::<LineReceiver<Lines>>(id).is_none());
}
