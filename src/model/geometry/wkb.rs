//! Reads and rewrites WKB in place.
use crate::base::bbox::Rect;
#[derive(Debug)]
pub struct Malformed;
pub fn envelope(_wkb: &[u8]) -> Result<Option<Rect>, Malformed> {
    Ok(None)
}
pub fn rewrite_xy(_wkb: &mut [u8], _change: &mut dyn FnMut(&mut [f64], &mut [f64]) -> bool) -> Result<bool, Malformed> {
    Ok(true)
}
