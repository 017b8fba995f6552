//! How far a geometry reaches.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::Malformed;
use super::points::Points;
use super::wkb::{Shape, Sink, walk};

/// The smallest rectangle around a geometry; `None` where it is empty. Arcs count as they are drawn.
pub fn envelope(wkb: &[u8]) -> Result<Option<Rect>, Malformed> {
    let mut envelope = Envelope(Rect::EMPTY);
    walk(wkb, &mut envelope)?;
    Ok(Some(envelope.0).filter(|rect| !rect.is_empty()))
}

/// The lowest and highest z; `None` where there is none.
pub fn z_range(wkb: &[u8]) -> Result<Option<(f64, f64)>, Malformed> {
    let mut range = Heights(None);
    walk(wkb, &mut range)?;
    Ok(range.0)
}

struct Envelope(Rect);

impl Sink for Envelope {
    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        for vertex in points.iter().filter(|vertex| !vertex.is_nowhere()) {
            self.0.include(vertex.x, vertex.y);
        }
        ControlFlow::Continue(())
    }
}

struct Heights(Option<(f64, f64)>);

impl Sink for Heights {
    const STRAIGHTEN: bool = false;

    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        for z in points.iter().map(|vertex| vertex.z).filter(|z| !z.is_nan()) {
            let (low, high) = self.0.unwrap_or((z, z));
            self.0 = Some((low.min(z), high.max(z)));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{Sample, Style, any_sample, any_style, wkb};
    use proptest::prelude::*;

    #[test]
    fn an_empty_geometry_has_no_envelope() {
        for empty in [Sample::Point([f64::NAN; 4]), Sample::Line(vec![]), Sample::Members(7, vec![])] {
            let bytes = wkb(&empty, Style { z: true, ..Style::default() });
            assert_eq!(envelope(&bytes), Ok(None));
            assert_eq!(z_range(&bytes), Ok(None));
        }
    }

    #[test]
    fn an_arc_reaches_beyond_its_stored_vertices() {
        let arc = Sample::Arc(vec![[0.6, 0.8, 0.0, 0.0], [-0.6, 0.8, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0]]);
        let rect = envelope(&wkb(&arc, Style::default())).unwrap().unwrap();
        assert!(rect.max_y > 0.99 && rect.max_y <= 1.0);
    }

    proptest! {
        #[test]
        fn an_envelope_is_that_of_all_vertices(sample in any_sample(), style in any_style()) {
            let bytes = wkb(&sample, style);
            let vertices: Vec<_> = sample.vertices().into_iter().filter(|v| !v[0].is_nan()).collect();
            let fold = |at: usize, start: f64, pick: fn(f64, f64) -> f64| vertices.iter().map(|v| v[at]).fold(start, pick);
            let rect = Rect {
                min_x: fold(0, f64::INFINITY, f64::min),
                min_y: fold(1, f64::INFINITY, f64::min),
                max_x: fold(0, f64::NEG_INFINITY, f64::max),
                max_y: fold(1, f64::NEG_INFINITY, f64::max),
            };
            prop_assert_eq!(envelope(&bytes), Ok((!vertices.is_empty()).then_some(rect)));
            let heights = (fold(2, f64::INFINITY, f64::min), fold(2, f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(z_range(&bytes), Ok((style.z && !vertices.is_empty()).then_some(heights)));
        }
    }
}
