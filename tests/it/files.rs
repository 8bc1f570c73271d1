//! `FileHandler` over the wire; what goes by media types, where there are any.

mod changes;
mod conditions;
mod fences;
mod folders;
mod site;
#[cfg(feature = "media-types")]
mod twins;
