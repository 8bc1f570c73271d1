//! Readiness over mio.
