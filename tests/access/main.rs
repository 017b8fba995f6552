//! Access from the project file, as a client meets it: each way to say who asks, right, wrong and missing; and what rules
//! leave of the data.

mod basic;
mod gatekeeper;
mod keys;
mod kit;
mod program;
mod proxy;
mod rules;
mod tokens;
