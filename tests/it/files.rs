//! `FileHandler` over the wire.

mod changes;
mod conditions;
mod fences;
mod folders;
mod site;
mod twins;
