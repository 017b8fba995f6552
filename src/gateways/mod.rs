//! How requests come in: HTTP by itself, or any program that speaks tower.

pub mod connection;
pub mod http;
pub mod tower;
