//! What the services share: how keys and values are read, what every capabilities document says, and the codes of errors.

pub mod capabilities;
pub mod codes;
pub mod endpoint;
pub mod kvp;
pub mod media_type;
pub mod sections;
pub mod sequence;
