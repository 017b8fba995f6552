//! What WMS reads more leniently than other services do.

use crate::error::Result;
use crate::services::ows::kvp::Kvp;

/// A whole number from `least` to `most`; one beyond is brought within.
pub(super) fn count(kvp: Kvp<'_>, name: &str, least: u32, most: u32) -> Result<Option<u32>> {
    let Some(number) = kvp.number(name)? else { return Ok(None) };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is brought between two u32
    Ok(Some(number.round().clamp(least.into(), most.into()) as u32))
}

/// Yes, where the client says so.
pub(super) fn is_true(kvp: Kvp<'_>, name: &str) -> Result<bool> {
    Ok(kvp.truth(name)?.unwrap_or(false))
}

/// The parts of a list; none where it was left out.
pub(super) fn list<'a>(kvp: Kvp<'a>, name: &str) -> Result<Vec<&'a str>> {
    Ok(kvp.list(name)?.unwrap_or_default())
}
