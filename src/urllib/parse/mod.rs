//! Python's `urllib.parse`: URLs as text, taken apart and put together by RFC 3986; percent coding; forms.
//!
//! - `quote`: percent coding and `urlencode`
//! - `split`: `urlsplit` and `urlunsplit`; `join`: `urljoin` and `urldefrag`
//! - `query`: `parse_qs` and `parse_qsl`

mod join;
mod query;
mod quote;
mod split;

pub use join::{urldefrag, urljoin};
pub use query::{QueryOptions, parse_qs, parse_qsl};
pub use quote::{
    quote, quote_from_bytes, quote_plus, quote_safe, unquote, unquote_plus, unquote_to_bytes, urlencode,
    urlencode_doseq,
};
pub use split::{SplitResult, urlsplit, urlunsplit};
