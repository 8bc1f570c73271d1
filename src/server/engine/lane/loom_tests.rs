//! Every interleaving of two drivers, a watcher and a poller: no event is lost, none is served twice at once.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.
