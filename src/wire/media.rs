//! Media types by file name, of the table that the feature `media-types` brings; without it there are none.

use std::path::Path;

/// That of a file.
pub(crate) fn of_path(path: impl AsRef<Path>) -> Option<&'static str> {
    of_extension(path.as_ref().extension()?.to_str()?)
}

/// That of files whose names end so.
#[cfg(feature = "media-types")]
pub(crate) fn of_extension(extension: &str) -> Option<&'static str> {
    mime_guess::from_ext(extension).first_raw()
}

/// That of files whose names end so.
#[cfg(not(feature = "media-types"))]
pub(crate) fn of_extension(_extension: &str) -> Option<&'static str> {
    None
}
