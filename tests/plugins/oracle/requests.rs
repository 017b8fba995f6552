//! Random requests for the items of a layer.

use proptest::prelude::*;

use super::cond::{self, Cond};
use super::world::{Row, word};

#[derive(Clone, Debug)]
pub(super) struct Items {
    pub(super) layer: usize,
    bbox: Option<(i8, i8, i8, i8)>,
    years: Option<(i64, i64)>,
    a: Option<i64>,
    b: Option<u8>,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl Items {
    /// The query string.
    pub(super) fn query(&self) -> String {
        let mut parts = vec![format!("limit={}", self.limit), format!("offset={}", self.offset)];
        parts.extend(self.bbox.map(|(min_x, min_y, max_x, max_y)| format!("bbox={min_x},{min_y},{max_x},{max_y}")));
        parts.extend(self.years.map(|(from, to)| format!("datetime={}", cond::years(from, to))));
        parts.extend(self.a.map(|a| format!("a={a}")));
        parts.extend(self.b.map(|b| format!("b={}", word(b))));
        parts.join("&")
    }

    /// The same for the WFS, without the page; none where it asks for times, which no filter takes as a collection does.
    pub(super) fn wfs(&self) -> Option<String> {
        if self.years.is_some() {
            return None;
        }
        let bbox = self.bbox.map(|(min_x, min_y, max_x, max_y)| format!("BBOX={min_x},{min_y},{max_x},{max_y},CRS:84"));
        let a = self.a.map(|a| format!("a%3D{a}"));
        let b = self.b.map(|b| format!("b%3D'{}'", word(b)));
        let filter: Vec<String> = a.into_iter().chain(b).collect();
        let filter = (!filter.is_empty()).then(|| format!("CQL_FILTER={}", filter.join("%20AND%20")));
        Some(bbox.into_iter().chain(filter).collect::<Vec<_>>().join("&"))
    }

    /// Whether it asks for a property that may not be seen.
    pub(super) fn is_refused(&self, attributes: &[&str]) -> bool {
        (self.a.is_some() && !attributes.contains(&"a")) || (self.b.is_some() && !attributes.contains(&"b"))
    }

    /// Whether a row is one of those asked for. Where the time is hidden, there is none.
    pub(super) fn wants(&self, row: &Row, attributes: &[&str]) -> bool {
        let mut conditions = Vec::new();
        conditions.extend(self.bbox.map(|(min_x, min_y, max_x, max_y)| Cond::Box(min_x, min_y, max_x, max_y)));
        conditions.extend(self.years.filter(|_| attributes.contains(&"t")).map(|(from, to)| Cond::Years(from, to)));
        conditions.extend(self.a.map(|a| Cond::A(0, a)));
        conditions.extend(self.b.map(|b| Cond::B(0, b)));
        conditions.iter().all(|condition| condition.test(row) == Some(true))
    }
}

fn one() -> impl Strategy<Value = Items> {
    let bbox = (-9..9_i8, -9..9_i8, 1..12_i8, 1..12_i8).prop_map(|(x, y, w, h)| (x, y, x + w, y + h));
    let years = (2000..2010_i64, 0..6_i64).prop_map(|(from, more)| (from, from + more));
    let parts = (
        0..2_usize,
        prop::option::weighted(0.4, bbox),
        prop::option::weighted(0.4, years),
        prop::option::weighted(0.25, 0..5_i64),
        prop::option::weighted(0.25, 0..4_u8),
        1..6_usize,
        prop_oneof![3 => Just(0), 2 => 0..14_usize],
    );
    parts.prop_map(|(layer, bbox, years, a, b, limit, offset)| Items { layer, bbox, years, a, b, limit, offset })
}

pub(super) fn any() -> impl Strategy<Value = Vec<Items>> {
    prop::collection::vec(one(), 6..14)
}
