//! XML in and out. What comes in is small and hostile: no document type, no entities but the five, limits on depth, size
//! and number of nodes. What goes out is appended to bytes.

mod element;
mod encoding;
mod letters;
mod name;
mod read;
mod write;

pub use element::{Attribute, Element};
pub use name::{escaped_name, is_name, unescaped_name};
pub use read::{Limits, XmlFault, parse, parse_as, parse_root};
pub use write::{Writer, is_xml, push_attribute, push_text};
