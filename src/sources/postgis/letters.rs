//! Which letters a database has: one that is not in UTF-8 refuses every statement with a text that it cannot write.

use super::sql::Bound;

/// The letters of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    All,
    /// ISO 8859-1: the first 256 of Unicode.
    Latin1,
    /// ASCII, and others that are not known here.
    Some,
}

impl Letters {
    /// What the database says of its encoding.
    pub(super) fn of(encoding: &str) -> Self {
        match encoding {
            // What knows no letters takes all bytes.
            "UTF8" | "SQL_ASCII" => Self::All,
            "LATIN1" => Self::Latin1,
            _ => Self::Some,
        }
    }

    /// Whether the database surely has all letters of a text.
    fn has(self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Latin1 => text.chars().all(|letter| u32::from(letter) < 256),
            Self::Some => text.is_ascii(),
        }
    }

    /// Whether it surely lacks one of them: no row has such a text.
    pub(super) fn lacks(self, text: &str) -> bool {
        self == Self::Latin1 && !self.has(text)
    }

    /// Whether it surely takes a value.
    pub(super) fn takes(self, value: &Bound) -> bool {
        match value {
            Bound::Text(text) => self.has(text),
            Bound::Many(values) => self == Self::All || values.iter().all(|value| self.takes(value)),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_where_the_database_surely_has_its_letters() {
        let text = |text: &str| Bound::Text(text.to_owned());
        for (encoding, taken, lacking) in [
            ("UTF8", vec!["a", "é", "日"], vec![]),
            ("SQL_ASCII", vec!["a", "é", "日"], vec![]),
            ("LATIN1", vec!["a", "é"], vec!["日", "€"]),
            ("WIN1252", vec!["a"], vec![]),
        ] {
            let letters = Letters::of(encoding);
            for one in ["a", "é", "€", "日"] {
                let is_taken = taken.contains(&one) || letters == Letters::All;
                assert_eq!(letters.takes(&text(one)), is_taken, "{encoding} {one}");
                assert_eq!(letters.takes(&Bound::Many(vec![text("a"), text(one)])), is_taken, "{encoding} {one}");
                assert_eq!(letters.lacks(one), lacking.contains(&one), "{encoding} {one}");
            }
        }
    }
}
