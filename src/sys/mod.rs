//! The only unsafe code and the only platform `cfg`.
