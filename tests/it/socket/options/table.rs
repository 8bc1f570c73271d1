//! What the rows of the table do: set, read back, and let Python read as well.

use std::{cell::RefCell, fmt::Debug, process::Command};

use sockeye::{
    ErrorKind, Result,
    socket::{Level, Readable, Settable, SockOpt, Socket, level::Any},
};

use crate::support::peer;

/// One socket and the rows that it went through.
pub(super) struct Table {
    pub(super) socket: Socket,
    /// Level, name and value of what Python can read as an `int`.
    rows: RefCell<Vec<(i32, String, i32)>>,
}

impl Table {
    pub(super) fn new(socket: Socket) -> Table {
        Table { socket, rows: RefCell::default() }
    }

    /// Sets, reads, compares.
    #[track_caller]
    pub(super) fn check<L, K, V>(&self, level: impl Into<Level<L>>, option: SockOpt<L, K>, value: V)
    where
        K: Readable<Got = V> + Settable<V>,
        V: PartialEq + Debug + Clone,
    {
        self.set_and_read(level.into(), option, value).unwrap();
    }

    /// Sets, and reads what the system makes of it.
    #[track_caller]
    pub(super) fn becomes<L, K: Readable + Settable<V>, V>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
        value: V,
        expected: impl Fn(K::Got) -> bool,
    ) {
        let level = level.into();
        self.socket.setsockopt(level, option, value).unwrap();
        self.reads(level, option, expected);
    }

    /// Can be set, but not be read (or only as something else).
    #[track_caller]
    pub(super) fn sets<L, K: Settable<V>, V>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
        value: V,
    ) {
        self.socket.setsockopt(level, option, value).unwrap();
    }

    /// Only readable, or changed by the system.
    #[track_caller]
    pub(super) fn reads<L, K: Readable>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
        expected: impl Fn(K::Got) -> bool,
    ) {
        let level = level.into();
        assert!(expected(self.socket.getsockopt(level, option).unwrap()), "{option:?}");
        self.note(level, option);
    }

    /// As `check`; but a kernel that is too old, or a plain user, is told of and passes.
    #[track_caller]
    pub(super) fn may<L, K, V>(
        &self,
        (level, option): (impl Into<Level<L>>, SockOpt<L, K>),
        value: V,
        why_not: ErrorKind,
    ) where
        K: Readable<Got = V> + Settable<V>,
        V: PartialEq + Debug + Clone,
    {
        reached(self.set_and_read(level.into(), option, value), why_not);
    }

    /// This kind of socket, or the option's nature, doesn't allow it: says how that fails.
    #[track_caller]
    pub(super) fn refuses<L, K: Settable<V>, V>(
        &self,
        (level, option): (impl Into<Level<L>>, SockOpt<L, K>),
        value: V,
        why: ErrorKind,
    ) {
        let error = self.socket.setsockopt(level, option, value).unwrap_err();
        assert_eq!(error.kind(), why, "{error}");
    }

    #[track_caller]
    fn set_and_read<L, K, V>(&self, level: Level<L>, option: SockOpt<L, K>, value: V) -> Result<()>
    where
        K: Readable<Got = V> + Settable<V>,
        V: PartialEq + Debug + Clone,
    {
        self.socket.setsockopt(level, option, value.clone())?;
        assert_eq!(self.socket.getsockopt(level, option)?, value, "{option:?}");
        self.note(level, option);
        Ok(())
    }

    /// Python reads integers of four bytes alone.
    fn note<L, K>(&self, level: Level<L>, option: SockOpt<L, K>) {
        let plain: SockOpt<Any, i32> = SockOpt::raw(option.number());
        if let Ok(value) = self.socket.getsockopt(Level::raw(level.number()), plain) {
            self.rows.borrow_mut().push((level.number(), format!("{option:?}"), value));
        }
    }

    /// Python reads the same socket, by its own names.
    #[track_caller]
    pub(super) fn python_reads_the_same(self, at_least: usize) {
        let Some(python) = peer("python3") else { return };
        let code = "import socket, sys\n\
                    s = socket.socket(fileno=0)\n\
                    for row in sys.argv[1:]:\n\
                    \x20   level, name = row.split()\n\
                    \x20   if hasattr(socket, name): print(row, s.getsockopt(int(level), getattr(socket, name)))";
        let mut rows = self.rows.into_inner();
        // Set to several values: the last one holds.
        rows.reverse();
        rows.sort_by(|one, other| one.1.cmp(&other.1));
        rows.dedup_by(|one, other| one.1 == other.1);
        let arguments = rows.iter().map(|(level, name, _)| format!("{level} {name}"));
        let mut command = Command::new(python);
        command.args(["-c", code]).args(arguments).stdin(self.socket.detach().unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        for line in text.lines() {
            let (row, value) = line.rsplit_once(' ').unwrap();
            let (_, name, ours) =
                rows.iter().find(|(level, name, _)| format!("{level} {name}") == row).unwrap();
            assert_eq!(value.parse(), Ok(*ours), "{name}");
        }
        assert!(text.lines().count() >= at_least, "Python read only these:\n{text}");
    }
}

/// The outcome, or a line that says why there is none.
#[track_caller]
pub(super) fn reached<T>(outcome: Result<T>, why_not: ErrorKind) -> Option<T> {
    match outcome {
        Err(error) if error.kind() == why_not => {
            eprintln!("skipped: {error}");
            None
        }
        outcome => Some(outcome.unwrap()),
    }
}
