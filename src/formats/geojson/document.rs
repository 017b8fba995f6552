//! Whether a text that a field holds as a JSON document may be written as it is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a document may nest: clients' readers have limits of about a hundred, for the whole answer.
const DEPTH: u8 = 64;

/// Whether every client can read this text as JSON. One that a strict reader refuses (a number beyond all floats, half of
/// a surrogate pair, endless nesting) would spoil the whole answer.
pub(super) fn is_json(text: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    Readable(DEPTH).deserialize(&mut reader).and_then(|()| reader.end()).is_ok()
}

#[derive(Clone, Copy)]
struct Readable(u8);

impl Readable {
    fn inner<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Readable {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON document")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while members.next_key_seed(inner)?.is_some() {
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_client_reads_is_json() {
        for text in ["{}", "[1,-2.5e3,null,true,\"x\"]", " {\"a\":{\"b\":[\"\\u00e4\"]}} ", "7", "\"text\""] {
            assert!(is_json(text), "{text}");
        }
        let deep = "[".repeat(64) + &"]".repeat(64);
        assert!(is_json(&deep));
        for text in ["", "{", "{}x", "nan", "1e999", "\"\\ud800\"", "[1,]", "{'a':1}", "\"\n\"", "\u{feff}{}"] {
            assert!(!is_json(text), "{text}");
        }
        assert!(!is_json(&format!("[{deep}]")));
        assert!(!is_json(&"[".repeat(1_000_000)));
    }
}
