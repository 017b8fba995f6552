//! Access from the project file, with no code: filters that find out who asks, and rules of what they may see.
//!
//! Each mechanism is a filter of its own that sets the request's principal: a program may register one by itself, or write
//! another. Wrong credentials are refused wherever they come; without any the request is anonymous, and the rules (or the
//! [`gatekeeper`]) have their say.

pub mod basic;
pub mod challenge;
pub mod gatekeeper;
pub mod jwt;
pub mod keys;
pub mod password;
pub mod proxy;
pub mod rules;
mod setup;
mod verifier;

pub use setup::{Access, PRIORITY};
