//! Colours as people write them.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::names::NAMES;
use crate::render::canvas::Colour;

impl FromStr for Colour {
    type Err = String;

    /// Reads `#rgb`, `#rgba`, `#rrggbb`, `#rrggbbaa` or a name of CSS.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no colour; write one such as \"#4f7a5b\", \"#4f7a5b80\" or \"teal\"");
        let Some(digits) = text.strip_prefix('#') else {
            let name = text.to_ascii_lowercase();
            if name == "transparent" {
                return Ok(Self::TRANSPARENT);
            }
            let found = NAMES.binary_search_by(|(other, _)| other.cmp(&name.as_str())).map_err(|_| wrong())?;
            let [_, red, green, blue] = NAMES[found].1.to_be_bytes();
            return Ok(Self::rgb(red, green, blue));
        };
        let digits: Option<Vec<u8>> =
            digits.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let digits = digits.ok_or_else(wrong)?;
        let channels: Vec<u8> = match digits.len() {
            3 | 4 => digits.iter().map(|digit| digit * 17).collect(),
            6 | 8 => digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
            _ => return Err(wrong()),
        };
        let opaque = Self::rgb(channels[0], channels[1], channels[2]);
        Ok(Self { alpha: channels.get(3).copied().unwrap_or(255), ..opaque })
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_each_form() {
        for (text, wanted) in [
            ("#fa0", Colour::rgb(255, 170, 0)),
            ("#FA08", Colour { alpha: 136, ..Colour::rgb(255, 170, 0) }),
            ("#102030", Colour::rgb(16, 32, 48)),
            ("#10203040", Colour { alpha: 64, ..Colour::rgb(16, 32, 48) }),
            ("Teal", Colour::rgb(0, 128, 128)),
            ("transparent", Colour::TRANSPARENT),
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for text in ["", "#", "#12", "#12345", "#ggg", "teel", "10,20,30", "#é12"] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_names_are_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(NAMES.len(), 148);
    }
}
