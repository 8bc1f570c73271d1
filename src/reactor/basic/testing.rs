//! What the tests of all codecs ask.

use super::Codec;
use crate::error::Result;

/// The input gives these messages and leaves so many bytes, or ends with that error: whole, byte by byte, and after each
/// message was written by the codec itself.
#[track_caller]
pub(super) fn check<C: Codec + Clone>(codec: C, input: &[u8], messages: &[&str], end: Result<usize, &str>) {
    let end = end.map_err(str::to_owned);
    for size in [input.len().max(1), 1, 2, 3] {
        let (mut codec, mut received, mut found, mut error) = (codec.clone(), Vec::new(), Vec::new(), None);
        for piece in input.chunks(size) {
            received.extend_from_slice(piece);
            error = error.or_else(|| take(&mut codec, &mut received, &mut found).err());
        }
        let outcome = error.map_or(Ok(received.len()), |error| Err(error.to_string()));
        assert_eq!(
            (found, outcome),
            (messages.iter().map(|m| m.to_string()).collect(), end.clone()),
            "{size}"
        );
    }
    let (mut codec, mut written, mut found) = (codec, Vec::new(), Vec::new());
    for message in messages {
        codec.encode(message.as_bytes(), &mut written).unwrap();
    }
    take(&mut codec, &mut written, &mut found).unwrap();
    assert_eq!((found, written), (messages.iter().map(|m| m.to_string()).collect(), Vec::new()));
}

fn take(codec: &mut impl Codec, received: &mut Vec<u8>, found: &mut Vec<String>) -> Result<()> {
    while let Some(frame) = codec.decode(received)? {
        found.push(String::from_utf8_lossy(&received[frame.message]).into_owned());
        received.drain(..frame.used);
    }
    Ok(())
}
