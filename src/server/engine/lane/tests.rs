//! The lane's rules, one thread at a time.
