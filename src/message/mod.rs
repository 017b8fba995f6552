//! Requests and responses, free of any gateway: what HTTP, FastCGI, CGI and an embedding program all speak.

pub mod body;
pub(crate) mod body_parameters;
pub mod parameters;
pub mod principal;
pub mod request;
pub mod response;
pub mod trace;
