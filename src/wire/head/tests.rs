use super::*;

#[test]
fn parses_a_request() {
    let bytes = b"GET /a?b HTTP/1.1\r\nHost: x\r\nAccept:  */* \r\nE:\r\n\r\nrest";
    let mut room = storage();
    let Ok(Parsed::Complete(head)) = parse_request(bytes, &mut room, &Limits::DEFAULT) else { panic!() };
    assert_eq!((head.method, head.target, head.version), ("GET", "/a?b", Version::Http11));
    assert_eq!(head.fields.get("accept"), Some(&b"*/*"[..]));
    assert_eq!(head.len, bytes.len() - 4);
}
