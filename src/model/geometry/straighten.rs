//! Arcs as straight segments, for a geometry that is moved: a circle is one only in the system in which it was drawn.

use std::ops::ControlFlow;

use super::Figure;
use super::points::Points;
use super::wkb::{Shape, Sink, type_code, walk};

/// The geometry without arcs; `None` where it has none, or cannot be read.
pub fn straighten(wkb: &[u8]) -> Option<Vec<u8>> {
    let straight = || Figure::read(wkb).ok().map(|figure| figure.wkb());
    match type_code(wkb)? {
        // A circular string, a compound curve, a curve polygon.
        8..=10 => straight(),
        // A collection, a multi-curve, a multi-surface: most have none.
        7 | 11 | 12 if count::<true>(wkb)? != count::<false>(wkb)? => straight(),
        _ => None,
    }
}

fn count<const STRAIGHT: bool>(wkb: &[u8]) -> Option<usize> {
    let mut count = Count::<STRAIGHT>(0);
    walk(wkb, &mut count).ok()?;
    Some(count.0)
}

/// How many vertices there are.
struct Count<const STRAIGHT: bool>(usize);

impl<const STRAIGHT: bool> Sink for Count<STRAIGHT> {
    const STRAIGHTEN: bool = STRAIGHT;

    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        self.0 += points.iter().count();
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{any_curve, any_sample, any_style, wkb};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_has_arcs_becomes_what_is_read_of_it(sample in prop_oneof![any_sample(), any_curve()], style in any_style()) {
            let bytes = wkb(&sample, style);
            if let Some(straight) = straighten(&bytes) {
                prop_assert_eq!(&straight, &Figure::read(&bytes).unwrap().wkb());
                prop_assert!(straighten(&straight).is_none());
            } else {
                prop_assert_eq!(count::<true>(&bytes), count::<false>(&bytes));
            }
        }
    }
}
