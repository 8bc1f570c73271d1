//! How the groups of constants are made: a newtype over the C number with named values, flags that are joined,
//! and how they print.

/// A newtype with its named values; one line for each.
macro_rules! numbers {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(i32);

        $($(#[$doc])* pub const $name: $type = $type(c::$name as i32);)*

        impl $type {
            const NAMES: &[(&'static str, $type)] = &[$((stringify!($name), $name),)*];

            /// The value with that number, for those that have no name here.
            #[must_use]
            pub const fn raw(number: i32) -> $type {
                $type(number)
            }

            /// The C number.
            #[must_use]
            pub const fn number(self) -> i32 {
                self.0
            }
        }
    };
}

/// What can be joined by `|`, and how that prints.
macro_rules! flags {
    ($($type:ident)*) => {$(
        impl $type {
            /// Whether all of these are set.
            #[must_use]
            pub const fn contains(self, flags: $type) -> bool {
                self.0 & flags.0 == flags.0
            }
        }

        impl ops::BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }

        impl ops::BitOrAssign for $type {
            fn bitor_assign(&mut self, other: $type) {
                self.0 |= other.0;
            }
        }

        /// Prints the flags' names, joined as in C.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (mut rest, mut joint) = (self.0, "");
                for (name, flag) in $type::NAMES {
                    if rest & flag.0 != 0 {
                        write!(f, "{joint}{name}")?;
                        (rest, joint) = (rest & !flag.0, " | ");
                    }
                }
                match (rest, joint) {
                    (0, "") => write!(f, "{}(0)", stringify!($type)),
                    (0, _) => Ok(()),
                    _ => write!(f, "{joint}{}({rest:#x})", stringify!($type)),
                }
            }
        }
    )*};
}

/// `Debug` of a value is its name, as in Python.
macro_rules! debug_by_name {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $type::NAMES.iter().find(|(_, value)| value == self) {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "{}({})", stringify!($type), self.0),
                }
            }
        }
    )*};
}

pub(super) use {debug_by_name, flags, numbers};
