//! Checked texts become the fields of a handler's struct: a small serde deserializer for strings.

use std::cell::RefCell;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use crate::error::{Error, Kind, Result};

use super::check::Values;

/// Reads the struct from those values that are its own; what a type of its own refuses (a bbox, an interval) names the parameter.
pub(crate) fn read<P: DeserializeOwned>(values: &Values, is_own: impl Fn(&str) -> bool) -> Result<P> {
    let current = RefCell::new("");
    let own = values.iter().filter(|(name, _)| is_own(name));
    let entries = own.map(|(name, value)| (Name { name, current: &current }, Text(value)));
    P::deserialize(MapDeserializer::<_, de::value::Error>::new(entries)).map_err(|cause| {
        let name = *current.borrow();
        let shown: String = values.get(name).map(|value| value.chars().take(80).collect()).unwrap_or_default();
        Error::new(Kind::InvalidParameter, format!("parameter '{name}' is '{shown}': {cause}")).at(name)
    })
}

/// The name of a field; remembers which one is being read, for the error.
#[derive(Clone, Copy)]
struct Name<'a, 'c> {
    name: &'a str,
    current: &'c RefCell<&'a str>,
}

impl IntoDeserializer<'_, de::value::Error> for Name<'_, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Name<'_, '_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        *self.current.borrow_mut() = self.name;
        visitor.visit_str(self.name)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// One value.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl IntoDeserializer<'_, de::value::Error> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! number {
    ($($method:ident $visit:ident $expected:literal),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            visitor.$visit(self.0.parse().map_err(|_| de::Error::custom(concat!("expected ", $expected)))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = de::value::Error;

    number! {
        deserialize_bool visit_bool "true or false", deserialize_i8 visit_i8 "a small integer", deserialize_i16 visit_i16 "an integer",
        deserialize_i32 visit_i32 "an integer", deserialize_i64 visit_i64 "an integer", deserialize_i128 visit_i128 "an integer",
        deserialize_u8 visit_u8 "a small whole number", deserialize_u16 visit_u16 "a whole number",
        deserialize_u32 visit_u32 "a whole number", deserialize_u64 visit_u64 "a whole number",
        deserialize_u128 visit_u128 "a whole number", deserialize_f32 visit_f32 "a number", deserialize_f64 visit_f64 "a number",
        deserialize_char visit_char "one character"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.split(',').map(Text)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bbox::Bbox;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }

    #[derive(Debug, Deserialize)]
    struct Params {
        x: f64,
        n: Option<u32>,
        list: Vec<i64>,
        colour: Colour,
        bbox: Option<Bbox>,
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn texts_become_fields() {
        let read: Params =
            read(&values(&[("x", "1.5"), ("list", "1,2"), ("colour", "red"), ("bbox", "1,2,3,4")]), |_| true).unwrap();
        assert_eq!((read.x, read.n, read.list, read.colour), (1.5, None, vec![1, 2], Colour::Red));
        assert_eq!(read.bbox, Some(Bbox::new(1.0, 2.0, 3.0, 4.0)));
    }

    #[test]
    fn what_a_type_refuses_names_the_parameter() {
        let error =
            read::<Params>(&values(&[("x", "1"), ("list", "1"), ("colour", "red"), ("bbox", "1,9,3,4")]), |_| true)
                .unwrap_err();
        assert_eq!(error.locator(), Some("bbox"));
    }
}
