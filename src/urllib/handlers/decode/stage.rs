//! [`Stage`]: a reader that undoes one coding of another one.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use super::{
    codec::{Codec, Coding, End, Step},
    meter::{Made, Meter},
};
use crate::{
    error::{Error, ErrorKind},
    urllib::Body,
};

/// What one coding of a body holds.
pub(super) struct Stage {
    input: Box<dyn Input>,
    coding: Coding,
    /// The decoder, from the first byte on.
    codec: Option<Box<dyn Codec>>,
    state: State,
    made: Made,
    meter: Arc<Meter>,
}

/// What is decoded, with the body as it comes at its bottom.
pub(super) trait Input: BufRead + Send + Sync {
    fn body(&self) -> &Body;

    fn body_mut(&mut self) -> &mut Body;
}

enum State {
    /// Before a member: no input is an end.
    Before,
    Within(Held),
    /// After data that nothing may follow.
    After,
    /// All was decoded, and the input ended.
    Done,
}

/// Whether the decoder holds back some output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// It filled its output last time.
    Perhaps,
    Nothing,
}

impl Stage {
    pub(super) fn new(input: Box<dyn Input>, coding: Coding, made: Made, meter: Arc<Meter>) -> Stage {
        Stage { input, coding, codec: None, state: State::Before, made, meter }
    }

    /// The next member, if there is one.
    fn begin(&mut self) -> io::Result<()> {
        let Some(&first) = self.input.fill_buf()?.first() else {
            self.state = State::Done;
            return Ok(());
        };
        match &mut self.codec {
            Some(codec) => {
                codec.reset()?;
                self.made.members += 1;
            }
            None => self.codec = Some(self.coding.codec(first)?),
        }
        self.state = State::Within(Held::Nothing);
        Ok(())
    }

    /// One step of a member.
    fn decode(&mut self, held: Held, buf: &mut [u8]) -> io::Result<usize> {
        let Some(codec) = &mut self.codec else { return Ok(0) };
        // What is held back comes out first: the input may keep one waiting.
        let input = if held == Held::Perhaps { &[] } else { self.input.fill_buf()? };
        let (came, step) = (input.len(), codec.step(input, buf)?);
        self.input.consume(step.consumed);
        self.state = match step.end {
            End::Member => State::Before,
            End::Last => State::After,
            End::No if step.written == buf.len() => State::Within(Held::Perhaps),
            End::No => State::Within(Held::Nothing),
        };
        if held == Held::Nothing && step == Step::default() {
            return Err(self.stuck(came).into());
        }
        Ok(step.written)
    }

    /// The decoder can't go on.
    fn stuck(&self, came: usize) -> Error {
        if came > 0 {
            return self.coding.corrupt();
        }
        let message = format!("the {} body is cut short", self.coding.name());
        Error::new(ErrorKind::UnexpectedEof, message)
    }

    /// Nothing may follow.
    fn finish(&mut self) -> io::Result<()> {
        if !self.input.fill_buf()?.is_empty() {
            let message = format!("the {} body goes on after its end", self.coding.name());
            return Err(Error::new(ErrorKind::Protocol, message).into());
        }
        self.state = State::Done;
        Ok(())
    }
}

impl Read for Stage {
    /// However much of the input gives nothing, the limits are kept, and who wants it to end is heard.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            self.meter.check(&self.made)?;
            let written = match self.state {
                State::Before => self.begin().map(|()| 0)?,
                State::After => self.finish().map(|()| 0)?,
                State::Done => return Ok(0),
                State::Within(held) => self.decode(held, buf)?,
            };
            if written > 0 {
                self.made.bytes += written as u64;
                self.meter.check(&self.made)?;
                return Ok(written);
            }
            self.meter.may_go_on()?;
        }
    }
}

impl Input for BufReader<Stage> {
    fn body(&self) -> &Body {
        self.get_ref().input.body()
    }

    fn body_mut(&mut self) -> &mut Body {
        self.get_mut().input.body_mut()
    }
}
