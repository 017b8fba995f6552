//! The framework, the server and the program, from outside.
#[path = "../harness/mod.rs"]
mod harness;
