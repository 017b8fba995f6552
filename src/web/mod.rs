//! What every answer on the web has, whoever makes it: its format, its base URL, its page, its problem document.

pub mod assets;
pub mod base_url;
pub mod encoding;
pub mod negotiate;
pub mod ows_error;
pub mod page;
pub mod problem;
pub mod templates;
pub mod validators;
