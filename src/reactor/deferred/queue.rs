//! Things on their way from who makes them to who waits for them.

use std::{cell::RefCell, collections::VecDeque, fmt, rc::Rc};

use crate::error::{Error, ErrorKind, Result};

use super::{super::core::Reactor, Deferred, Resolver};

/// A queue of which one can wait for the next thing.
///
/// Clones are the same queue.
///
/// Twisted: `DeferredQueue`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{DeferredQueue, Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let queue = DeferredQueue::new().size(2);
/// let first = queue.get(&reactor)?;
/// for word in ["one", "two", "three"] {
///     queue.put(word)?;
/// }
/// assert!(queue.put("four").is_err());
/// assert_eq!(first.wait(&mut reactor)?, "one");
/// assert_eq!(queue.get(&reactor)?.wait(&mut reactor)?, "two");
/// # Ok(())
/// # }
/// ```
pub struct DeferredQueue<T: 'static> {
    shared: Rc<RefCell<Shared<T>>>,
    size: Option<usize>,
    backlog: Option<usize>,
}

struct Shared<T: 'static> {
    things: VecDeque<T>,
    waiting: VecDeque<Resolver<T>>,
}

impl<T: 'static> DeferredQueue<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> DeferredQueue<T> {
        let shared = Shared { things: VecDeque::new(), waiting: VecDeque::new() };
        DeferredQueue { shared: Rc::new(RefCell::new(shared)), size: None, backlog: None }
    }

    /// How many things it holds at most. Default is no limit.
    #[must_use]
    pub fn size(mut self, size: usize) -> DeferredQueue<T> {
        self.size = Some(size);
        self
    }

    /// How many may wait for a thing at a time. Default is no limit.
    #[must_use]
    pub fn backlog(mut self, backlog: usize) -> DeferredQueue<T> {
        self.backlog = Some(backlog);
        self
    }

    /// Gives a thing to who has waited longest, or keeps it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when the queue is full; the thing is dropped.
    ///
    /// Twisted: `QueueOverflow`.
    pub fn put(&self, thing: T) -> Result<()> {
        loop {
            let next = self.shared.borrow_mut().waiting.pop_front();
            match next {
                Some(next) if next.is_awaited() => {
                    next.resolve(thing);
                    return Ok(());
                }
                // It was cancelled.
                Some(_) => {}
                None => break,
            }
        }
        let mut shared = self.shared.borrow_mut();
        if self.size.is_some_and(|size| shared.things.len() >= size) {
            return Err(Error::new(ErrorKind::TooLarge, "the queue is full"));
        }
        shared.things.push_back(thing);
        Ok(())
    }

    /// The next thing. Cancelling it leaves the line of those who wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when too many wait already.
    ///
    /// Twisted: `QueueUnderflow`.
    #[track_caller]
    pub fn get(&self, reactor: &Reactor) -> Result<Deferred<T>> {
        if let Some(thing) = self.shared.borrow_mut().things.pop_front() {
            return Ok(reactor.succeed(thing));
        }
        // Their resolvers know nothing any more: dropping them here calls nobody.
        self.shared.borrow_mut().waiting.retain(Resolver::is_awaited);
        if self.backlog.is_some_and(|backlog| self.waiting() >= backlog) {
            return Err(Error::new(ErrorKind::TooLarge, "too many wait for the queue"));
        }
        let (deferred, resolver) = reactor.deferred();
        self.shared.borrow_mut().waiting.push_back(resolver);
        Ok(deferred)
    }

    /// How many things it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.borrow().things.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many wait for a thing.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.borrow().waiting.iter().filter(|resolver| resolver.is_awaited()).count()
    }
}

impl<T: 'static> Clone for DeferredQueue<T> {
    fn clone(&self) -> DeferredQueue<T> {
        DeferredQueue { shared: self.shared.clone(), size: self.size, backlog: self.backlog }
    }
}

impl<T: 'static> Default for DeferredQueue<T> {
    fn default() -> DeferredQueue<T> {
        DeferredQueue::new()
    }
}

impl<T: 'static> fmt::Debug for DeferredQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredQueue").field("len", &self.len()).field("waiting", &self.waiting()).finish()
    }
}
