//! Whether a geometry meets a rectangle.
use super::wkb::Malformed;
use crate::base::bbox::Rect;
pub fn intersects(_wkb: &[u8], _rect: &Rect) -> Result<bool, Malformed> {
    Ok(true)
}
pub fn intersects_z(_wkb: &[u8], _low: f64, _high: f64) -> Result<bool, Malformed> {
    Ok(true)
}
