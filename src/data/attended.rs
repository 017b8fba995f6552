//! Whoever asks for rows by how they lie to a geometry, and may leave before that is worked out.

use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::geometry::watch::Watch;

/// The watch over a question, which stops when this is dropped.
#[derive(Default)]
pub(super) struct Attended(Option<Watch>);

impl Attended {
    /// Watches over a filter, where it relates geometries.
    pub(super) fn over(expr: Expr) -> (Expr, Self) {
        let watch = Watch::default();
        let mut relates = false;
        let Ok(expr) = expr.map_literals::<std::convert::Infallible>(&mut |mut literal, distance| {
            relates = true;
            literal.watch = Some(watch.clone());
            Ok((literal, distance))
        });
        (expr, Self(relates.then_some(watch)))
    }

    /// Whether there is anything to watch.
    pub(super) fn is_needed(&self) -> bool {
        self.0.is_some()
    }

    /// The error for whoever asked, where a row could not be related at a bearable cost.
    pub(super) fn verdict(&self) -> Result<()> {
        if !self.0.as_ref().is_some_and(Watch::has_refused) {
            return Ok(());
        }
        let message = "a geometry of the filter and one of the layer have too many places at which they meet, or cross \
            themselves, to be related; fewer vertices may do";
        Err(Error::new(Kind::InvalidParameter, message).at("filter"))
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if let Some(watch) = &self.0 {
            watch.stop();
        }
    }
}
