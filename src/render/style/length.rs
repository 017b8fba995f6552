//! Widths and sizes: in pixels, or in metres on the ground.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A width or a size. A number means pixels of 0.28 mm, as in `width = 1.5`; `"20 m"` is 20 metres on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Pixels of 0.28 mm; more of them where the client asks for a higher resolution.
    Pixels(f64),
    /// Metres on the ground.
    Metres(f64),
}

/// Nothing is drawn wider or larger, in pixels.
const LARGEST: f64 = 4096.0;

impl Length {
    /// How many pixels it is, where a pixel (of 0.28 mm) is `ratio` pixels of the picture, and so many of those make a
    /// metre on the ground.
    pub fn in_pixels(self, ratio: f64, pixels_per_metre: f64) -> f64 {
        let pixels = match self {
            Self::Pixels(pixels) => pixels * ratio,
            Self::Metres(metres) => metres * pixels_per_metre,
        };
        if pixels.is_finite() { pixels.clamp(0.0, LARGEST) } else { 0.0 }
    }

    fn checked(self) -> Result<Self, String> {
        let (Self::Pixels(number) | Self::Metres(number)) = self;
        if number.is_finite() && (0.0..=1e9).contains(&number) {
            Ok(self)
        } else {
            Err(format!("a length is 0 or more, and {number} is not"))
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no length; write pixels such as 1.5 or \"1.5 px\", or metres such as \"20 m\"");
        let trimmed = text.trim();
        let split = trimmed.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(trimmed.len());
        let number: f64 = trimmed[..split].trim().parse().map_err(|_| wrong())?;
        match &trimmed[split..] {
            "" | "px" => Self::Pixels(number).checked(),
            "m" => Self::Metres(number).checked(),
            _ => Err(wrong()),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Length;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("pixels such as 1.5, or metres such as \"20 m\"")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Length, E> {
        Length::Pixels(number).checked().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Length, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Length, E> {
        self.visit_f64(number as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_and_without_units() {
        assert_eq!("2".parse(), Ok(Length::Pixels(2.0)));
        assert_eq!("2.5px".parse(), Ok(Length::Pixels(2.5)));
        assert_eq!(" 20 m ".parse(), Ok(Length::Metres(20.0)));
        for text in ["", "m", "2 km", "-1", "1e99", "nan", "inf", "2 m m"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
    }

    #[test]
    fn metres_follow_the_scale() {
        assert!((Length::Metres(20.0).in_pixels(1.0, 0.1) - 2.0).abs() < 1e-12);
        assert!((Length::Pixels(2.0).in_pixels(1.5, 0.1) - 3.0).abs() < 1e-12);
        assert!(Length::Metres(20.0).in_pixels(1.0, f64::INFINITY).abs() < 1e-12);
    }
}
