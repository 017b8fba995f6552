//! `ACCEPTFORMATS`: in which media type a client wants the capabilities.

use crate::error::Result;

use super::kvp::Kvp;

/// What capabilities may be told as, as they list it.
pub const MEDIA_TYPES: [&str; 2] = ["text/xml", "application/xml"];

/// The first of the client's list that is known (OWS Common 1.1, 7.2.1); `usual` where there is none.
pub fn wanted(kvp: Kvp<'_>, usual: &'static str) -> Result<&'static str> {
    let names = kvp.list("ACCEPTFORMATS")?.unwrap_or_default();
    let known = |name: &str| {
        let essence = name.split(';').next().unwrap_or_default().trim();
        MEDIA_TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(essence))
    };
    Ok(names.into_iter().find_map(known).unwrap_or(usual))
}
