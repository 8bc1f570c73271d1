//! An HTTP server: Python's `http.server`.
