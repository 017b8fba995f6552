//! The text in which a client carries a place from one page to the next. It is opaque, not secret: it has values of the
//! properties that the client sorts by, which it may see, and the id of a feature that it was given. What comes back is
//! read as a stranger's: within bounds, for the order and the collection that it was made for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::datetime::{Date, Instant};
use crate::error::{Error, Kind, Result};
use crate::model::value::Value;

use super::gate::View;
use super::position::{Edge, Mark, Position};
use super::query::Query;

/// Most characters of a cursor; a place that needs more has none.
pub const MOST: usize = 1024;
/// The form of what follows.
const VERSION: u8 = 1;

/// A place, and which way a page lies from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// The place.
    pub edge: Edge,
    /// Whether the page ends there; else it begins.
    pub is_before: bool,
    /// Rows that came before the place on the way here: for people to read, since rows may have come and gone.
    pub passed: u64,
}

/// What a cursor is for: another collection, another order, or one of values of other types, has no such place. A filter is free to change.
pub fn scope(collection: &str, query: &Query, view: &View) -> u32 {
    let (mut hash, schema) = (Fnv(0x811c_9dc5), view.schema());
    hash.add(collection.as_bytes());
    for by in &query.sort {
        let kind = schema.position(&by.property).map(|at| schema.fields[at].kind);
        hash.add(by.property.as_bytes());
        hash.add(format!("{} {kind:?}", by.descending).as_bytes());
    }
    hash.add(format!("{:?}", schema.key.1).as_bytes());
    hash.0
}

/// Reads the cursor of a question of a collection.
pub fn read(text: &str, collection: &str, query: &Query, view: &View) -> Result<Cursor> {
    let steps = view.order(query)?.len();
    Cursor::decode(text, scope(collection, query, view), steps)
        .map_err(|what| Error::new(Kind::InvalidParameter, format!("parameter 'cursor' {what}")).at("cursor"))
}

/// The FNV-1a hash, the same in every build: a cursor outlives the server.
struct Fnv(u32);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        // What no text has parts one from the next.
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
}

impl Cursor {
    /// The text; none where it would be too long.
    pub fn encode(&self, scope: u32) -> Option<String> {
        let flags = u8::from(self.is_before) | u8::from(self.edge.is_inclusive) << 1;
        let mut out = vec![VERSION, flags];
        out.extend(scope.to_be_bytes());
        out.extend(self.passed.to_be_bytes());
        for mark in &self.edge.position.0 {
            if out.len() > MOST {
                return None;
            }
            match mark {
                Mark::Value(Value::Null) => out.push(0),
                Mark::Value(Value::Int(number)) => fixed(&mut out, 1, &number.to_be_bytes()),
                Mark::Value(Value::Float(number)) => fixed(&mut out, 2, &number.to_bits().to_be_bytes()),
                Mark::Value(Value::Bool(truth)) => fixed(&mut out, 3, &[u8::from(*truth)]),
                Mark::Value(Value::Date(day)) => fixed(&mut out, 4, &day.0.to_be_bytes()),
                Mark::Value(Value::Instant(at)) => fixed(&mut out, 5, &at.0.to_be_bytes()),
                Mark::Value(Value::Text(text)) => sized(&mut out, 6, text.as_bytes())?,
                Mark::Bytes(bytes) => sized(&mut out, 7, bytes)?,
            }
        }
        let text = URL_SAFE_NO_PAD.encode(out);
        (text.len() <= MOST).then_some(text)
    }

    /// Reads a client's text for an order of so many steps. The error says what is wrong.
    fn decode(text: &str, scope: u32, steps: usize) -> std::result::Result<Self, &'static str> {
        const BROKEN: &str = "is none that this server gave out";
        if text.len() > MOST {
            return Err(BROKEN);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BROKEN)?;
        let mut rest = Rest(&bytes);
        if rest.byte() != Some(VERSION) {
            return Err("is of another version of this server: begin again without it");
        }
        let flags = rest.byte().filter(|flags| *flags < 4).ok_or(BROKEN)?;
        if rest.take().map(u32::from_be_bytes) != Some(scope) {
            return Err("was made for another order or another collection: begin again without it");
        }
        let passed = rest.take().map(u64::from_be_bytes).ok_or(BROKEN)?;
        let marks = (0..=steps).map(|_| rest.mark()).collect::<Option<Vec<_>>>().ok_or(BROKEN)?;
        if !rest.0.is_empty() {
            return Err(BROKEN);
        }
        let edge = Edge { position: Position(marks), is_inclusive: flags & 2 != 0 };
        Ok(Self { edge, is_before: flags & 1 != 0, passed })
    }
}

fn fixed(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend(bytes);
}

fn sized(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) -> Option<()> {
    out.push(tag);
    out.extend(u16::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend(bytes);
    Some(())
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]: [u8; 1]| byte)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn sized(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(u16::from_be_bytes(self.take()?));
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first.to_vec())
    }

    fn mark(&mut self) -> Option<Mark> {
        Some(Mark::Value(match self.byte()? {
            0 => Value::Null,
            1 => Value::Int(i64::from_be_bytes(self.take()?)),
            2 => Value::Float(f64::from_bits(u64::from_be_bytes(self.take()?))),
            3 => Value::Bool(self.byte()? != 0),
            4 => Value::Date(Date(i32::from_be_bytes(self.take()?))),
            5 => Value::Instant(Instant(i64::from_be_bytes(self.take()?))),
            6 => Value::Text(String::from_utf8(self.sized()?).ok()?),
            7 => return Some(Mark::Bytes(self.sized()?)),
            _ => return None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_mark() -> impl Strategy<Value = Mark> {
        prop_oneof![
            Just(Mark::Value(Value::Null)),
            any::<i64>().prop_map(|number| Mark::Value(Value::Int(number))),
            (-1e300..1e300).prop_map(|number| Mark::Value(Value::Float(number))),
            any::<bool>().prop_map(|truth| Mark::Value(Value::Bool(truth))),
            any::<i32>().prop_map(|day| Mark::Value(Value::Date(Date(day)))),
            any::<i64>().prop_map(|at| Mark::Value(Value::Instant(Instant(at)))),
            ".{0,20}".prop_map(|text| Mark::Value(Value::Text(text))),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(Mark::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            marks in prop::collection::vec(any_mark(), 1..5), is_before in any::<bool>(), is_inclusive in any::<bool>(),
            passed in any::<u64>(), scope in any::<u32>(),
        ) {
            let steps = marks.len() - 1;
            let cursor = Cursor { edge: Edge { position: Position(marks), is_inclusive }, is_before, passed };
            let text = cursor.encode(scope).unwrap();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(Cursor::decode(&text, scope, steps).unwrap(), cursor);
            prop_assert!(Cursor::decode(&text, scope ^ 1, steps).is_err());
            prop_assert!(Cursor::decode(&text, scope, steps + 1).is_err());
            prop_assert!(Cursor::decode(&text[1..], scope, steps).is_err());
        }

        #[test]
        fn whatever_is_read_is_no_fault(text in "AQ[A-Za-z0-9_-]{0,60}", scope in any::<u32>()) {
            let _ = Cursor::decode(&text, scope, 2);
        }
    }

    #[test]
    fn a_place_that_is_too_long_has_no_cursor() {
        let mark = |length: usize| Mark::Value(Value::Text("a".repeat(length)));
        for length in [1000, 70_000] {
            let edge = Edge { position: Position(vec![mark(length)]), is_inclusive: false };
            assert_eq!(Cursor { edge, is_before: false, passed: 0 }.encode(1), None);
        }
        assert!(Cursor::decode(&"A".repeat(MOST + 1), 1, 1).is_err());
    }
}
