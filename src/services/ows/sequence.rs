//! `UPDATESEQUENCE`: a number that grows whenever the capabilities may have changed.

use crate::error::{Error, Kind, Result};

use super::kvp::Kvp;

/// What a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing, or what is older.
    Older,
    /// What there is: WMS answers with an exception, OWS Common with an empty document.
    Current,
}

/// Compares what a client says that it has with the state of now.
pub fn held(kvp: Kvp<'_>, current: u64) -> Result<Held> {
    let Some(text) = kvp.text("UPDATESEQUENCE")? else { return Ok(Held::Older) };
    // Programs that calculate with it write it as a float.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // `as` brings what lies outside to the nearest end
    let float = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number as u64);
    match text.parse::<u64>().ok().or_else(float) {
        Some(number) if number == current => Ok(Held::Current),
        Some(number) if number < current => Ok(Held::Older),
        _ => Err(Error::new(Kind::InvalidParameter, format!("UPDATESEQUENCE is '{text}', it is at {current}"))
            .at("UPDATESEQUENCE")
            .coded("InvalidUpdateSequence")),
    }
}

/// The exception of a version that has no empty document.
pub fn is_current(current: u64) -> Error {
    Error::new(Kind::InvalidParameter, format!("the capabilities are still at {current}"))
        .at("UPDATESEQUENCE")
        .coded("CurrentUpdateSequence")
}
