//! What all dialects share about the web: pages and the files that they need.

pub mod assets;
pub mod templates;
