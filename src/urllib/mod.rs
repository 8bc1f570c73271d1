//! An HTTP client: Python's `urllib`.
