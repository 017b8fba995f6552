//! What is published: the project file, and the catalog of layers that is made from it.

pub mod access_settings;
pub mod catalog;
pub mod coverage_settings;
pub mod database_settings;
pub mod limits;
pub mod map_settings;
pub mod open;
pub mod settings;
pub mod tree;
pub mod watch;
pub mod wfs_settings;
