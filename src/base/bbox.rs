//! Bounding boxes: the one parser of `bbox`, and what it means at the date line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{Array, ArrayBuilder};
use utoipa::openapi::{Object, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A box as a client gives it: x (longitude) before y (latitude), with the height in metres where there are six numbers.
///
/// `min_x` greater than `max_x` means that the box crosses the date line (OGC API Features Part 1, 7.15.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bbox {
    /// Western edge.
    pub min_x: f64,
    /// Southern edge.
    pub min_y: f64,
    /// Eastern edge.
    pub max_x: f64,
    /// Northern edge.
    pub max_y: f64,
    /// Lowest and highest z.
    pub z: Option<(f64, f64)>,
}

/// A rectangle that never wraps: `min <= max` on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rect {
    /// Smallest x.
    pub min_x: f64,
    /// Smallest y.
    pub min_y: f64,
    /// Largest x.
    pub max_x: f64,
    /// Largest y.
    pub max_y: f64,
}

impl Rect {
    /// A rectangle that contains nothing and grows by [`Rect::include`].
    pub const EMPTY: Rect =
        Rect { min_x: f64::INFINITY, min_y: f64::INFINITY, max_x: f64::NEG_INFINITY, max_y: f64::NEG_INFINITY };

    /// The whole world in degrees.
    pub const WORLD: Rect = Rect { min_x: -180.0, min_y: -90.0, max_x: 180.0, max_y: 90.0 };

    /// Whether nothing was ever included.
    pub fn is_empty(&self) -> bool {
        self.min_x > self.max_x || self.min_y > self.max_y
    }

    /// Grows to include a point.
    pub fn include(&mut self, x: f64, y: f64) {
        self.min_x = self.min_x.min(x);
        self.min_y = self.min_y.min(y);
        self.max_x = self.max_x.max(x);
        self.max_y = self.max_y.max(y);
    }

    /// Whether the two share a point; edges count.
    pub fn intersects(&self, other: &Rect) -> bool {
        self.min_x <= other.max_x && other.min_x <= self.max_x && self.min_y <= other.max_y && other.min_y <= self.max_y
    }

    /// Whether the other lies within this one; edges count.
    pub fn contains(&self, other: &Rect) -> bool {
        self.min_x <= other.min_x && other.max_x <= self.max_x && self.min_y <= other.min_y && other.max_y <= self.max_y
    }

    /// Whether the point lies within; edges count.
    pub fn holds(&self, x: f64, y: f64) -> bool {
        self.min_x <= x && x <= self.max_x && self.min_y <= y && y <= self.max_y
    }
}

impl Bbox {
    /// A flat box.
    pub fn new(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Self {
        Self { min_x, min_y, max_x, max_y, z: None }
    }

    /// Whether it has width and height; where its west is greater than its east, it crosses the date line.
    pub fn has_area(&self) -> bool {
        self.min_x.total_cmp(&self.max_x).is_ne() && self.min_y < self.max_y
    }

    /// The rectangles that the box means in longitude and latitude: one, or two where it crosses the date line, and those
    /// again a turn further on each side, for data may count its longitudes on past ±180 (or from 0 to 360).
    ///
    /// A box that runs past ±180 (as map clients send while a user pans) is brought back into the world.
    pub fn rectangles(&self) -> Vec<Rect> {
        let rect = |min_x, max_x| Rect { min_x, min_y: self.min_y, max_x, max_y: self.max_y };
        if self.max_x - self.min_x >= 360.0 {
            // All the way round is everywhere, however longitudes are counted.
            return vec![rect(self.min_x.min(-540.0), self.max_x.max(540.0))];
        }
        let mut rects = if self.min_x > self.max_x {
            vec![rect(self.min_x, 180.0), rect(-180.0, self.max_x)]
        } else {
            vec![rect(self.min_x, self.max_x)]
        };
        for at in 0..rects.len() {
            rects.extend([-360.0, 360.0].map(|turn| rect(rects[at].min_x + turn, rects[at].max_x + turn)));
        }
        rects
    }
}

impl From<Rect> for Bbox {
    fn from(rect: Rect) -> Self {
        Self::new(rect.min_x, rect.min_y, rect.max_x, rect.max_y)
    }
}

/// The numbers of a box as a client gives them, in the order of a system that is told beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corners {
    lower: [f64; 2],
    upper: [f64; 2],
    z: Option<(f64, f64)>,
}

impl Corners {
    /// The box that the numbers mean where x comes first, or y (latitude) does.
    pub fn bbox(self, is_lat_first: bool) -> Result<Bbox, String> {
        let ([min_x, min_y], [max_x, max_y]) = if is_lat_first {
            let turned = |[first, second]: [f64; 2]| [second, first];
            (turned(self.lower), turned(self.upper))
        } else {
            (self.lower, self.upper)
        };
        if min_y > max_y {
            return Err(wrong("the southern edge lies north of the northern one"));
        }
        Ok(Bbox { z: self.z, ..Bbox::new(min_x, min_y, max_x, max_y) })
    }
}

fn wrong(what: &str) -> String {
    format!("expected 4 numbers (west,south,east,north) or 6 with heights; {what}")
}

impl FromStr for Bbox {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Corners>()?.bbox(false)
    }
}

impl FromStr for Corners {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = [0.0; 6];
        let mut count = 0;
        for part in text.split(',') {
            let number = part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| wrong(&format!("'{part}' is not a number")))?;
            *numbers.get_mut(count).ok_or_else(|| wrong("there are more"))? = number;
            count += 1;
        }
        let [a, b, c, d, e, f] = numbers;
        let corners = match count {
            4 => Corners { lower: [a, b], upper: [c, d], z: None },
            6 => Corners { lower: [a, b], upper: [d, e], z: Some((c, f)) },
            _ => return Err(wrong(&format!("there are {count}"))),
        };
        if corners.z.is_some_and(|(low, high)| low > high) {
            return Err(wrong("the lower height is above the upper one"));
        }
        Ok(corners)
    }
}

impl fmt::Display for Bbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.z {
            None => write!(out, "{},{},{},{}", self.min_x, self.min_y, self.max_x, self.max_y),
            Some((low, high)) => {
                write!(out, "{},{},{low},{},{},{high}", self.min_x, self.min_y, self.max_x, self.max_y)
            }
        }
    }
}

impl Serialize for Bbox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.z {
            None => [self.min_x, self.min_y, self.max_x, self.max_y].serialize(serializer),
            Some((low, high)) => [self.min_x, self.min_y, low, self.max_x, self.max_y, high].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bbox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Corners {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl PartialSchema for Corners {
    fn schema() -> RefOr<Schema> {
        Bbox::schema()
    }
}

impl ToSchema for Corners {}

impl PartialSchema for Bbox {
    fn schema() -> RefOr<Schema> {
        let array: Array =
            ArrayBuilder::new().items(Object::with_type(Type::Number)).min_items(Some(4)).max_items(Some(6)).build();
        Schema::Array(array).into()
    }
}

impl ToSchema for Bbox {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn four_or_six_numbers_and_nothing_else() {
        assert_eq!("1,2,3,4".parse(), Ok(Bbox::new(1.0, 2.0, 3.0, 4.0)));
        assert_eq!("1,2,-5,3,4,5e1".parse(), Ok(Bbox { z: Some((-5.0, 50.0)), ..Bbox::new(1.0, 2.0, 3.0, 4.0) }));
        for text in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "a,b,c,d",
            "1,2,3,NaN",
            "1,2,3,inf",
            "1,4,3,2",
            "1,2,9,3,4,5",
            "1,2,,4",
        ] {
            assert!(text.parse::<Bbox>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_system_may_have_latitude_first() {
        let corners: Corners = "-20,170,-10,-170".parse().unwrap();
        assert_eq!(corners.bbox(true), Ok(Bbox::new(170.0, -20.0, -170.0, -10.0)));
        assert!(corners.bbox(false).is_err());
        let high: Corners = "1,2,-5,3,4,50".parse().unwrap();
        assert_eq!(high.bbox(true), Ok(Bbox { z: Some((-5.0, 50.0)), ..Bbox::new(2.0, 1.0, 4.0, 3.0) }));
    }

    #[test]
    fn the_date_line_splits_a_box() {
        let rects = Bbox::new(177.0, 65.0, -177.0, 70.0).rectangles();
        assert!(rects[0].holds(179.0, 66.0) && rects[1].holds(-179.0, 66.0));
        assert!(!rects.iter().any(|rect| rect.holds(0.0, 66.0)));
        let panned = Bbox::new(170.0, 0.0, 190.0, 1.0).rectangles();
        assert!(panned.iter().any(|rect| rect.holds(-175.0, 0.5)));
    }

    #[test]
    fn longitudes_may_be_counted_on_past_the_date_line() {
        for (bbox, inside, outside) in [
            (Bbox::new(-175.0, -5.0, -172.0, 5.0), [186.0, -174.0], [180.0, 174.0]),
            (Bbox::new(170.0, -5.0, -170.0, 5.0), [185.0, -185.0], [200.0, -195.0]),
            (Bbox::new(170.0, -5.0, 190.0, 5.0), [-175.0, -185.0], [200.0, -195.0]),
            (Bbox::new(190.0, -5.0, 200.0, 5.0), [-165.0, 195.0], [185.0, 165.0]),
            (Bbox::new(1.0, -5.0, 1.0, 5.0), [361.0, -359.0], [0.0, 360.0]),
            (Bbox::new(-180.0, -5.0, 180.0, 5.0), [359.0, -359.0], [1e9, -1e9]),
        ] {
            let holds = |x: f64| bbox.rectangles().iter().any(|rect| rect.holds(x, 0.0));
            assert!(inside.iter().all(|&x| holds(x)) && !outside.iter().any(|&x| holds(x)), "{bbox}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Bbox>();
        }

        #[test]
        fn what_is_written_is_read(a in -180.0..180.0f64, b in -90.0..0.0f64, c in -180.0..180.0f64, d in 0.0..90.0f64) {
            let bbox = Bbox::new(a, b, c, d);
            prop_assert_eq!(bbox.to_string().parse::<Bbox>(), Ok(bbox));
        }
    }
}
