//! Patterns of LIKE: `%` stands for any text, `_` for any one character, and a backslash takes the meaning from the
//! character after it. Case counts.

/// Longest pattern that a client may write: what bounds the work for one row.
pub const LONGEST: usize = 1000;

/// The same pattern with backslashes only where they take a meaning away: before any other character one is itself.
pub fn canonical(pattern: &str) -> String {
    let mut canonical = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, if character == '\\' { characters.next() } else { None }) {
            ('\\', Some(sign @ ('%' | '_' | '\\'))) => canonical.extend(['\\', sign]),
            ('\\', None) => canonical.push_str("\\\\"),
            ('\\', Some(other)) => canonical.extend(['\\', '\\', other]),
            (other, _) => canonical.push(other),
        }
    }
    canonical
}

/// A pattern, made ready to be tested: what stands between the `%`.
#[derive(Clone, Debug)]
pub struct Pattern {
    first: Piece,
    /// What follows each `%`, in order.
    rest: Vec<Piece>,
}

/// What must stand in one piece.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    /// With places where any character (`None`) may stand.
    Mixed(Vec<Option<char>>),
}

impl Pattern {
    /// Reads a pattern; every text is one. A backslash stands for itself at the end, and before what has no other meaning.
    pub fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' => pieces.push(std::mem::take(&mut piece)),
                '_' => piece.push(None),
                '\\' => match characters.next() {
                    Some(sign @ ('%' | '_' | '\\')) => piece.push(Some(sign)),
                    other => piece.extend([Some('\\')].into_iter().chain(other.map(Some))),
                },
                other => piece.push(Some(other)),
            }
        }
        pieces.push(piece);
        let mut pieces = pieces.into_iter().map(Piece::new);
        let first = pieces.next().unwrap_or_else(|| Piece::Text(String::new()));
        Self { first, rest: pieces.collect() }
    }

    /// The only text that has the form, where the pattern has neither `%` nor `_`.
    pub fn literal(&self) -> Option<&str> {
        match &self.first {
            Piece::Text(text) if self.rest.is_empty() => Some(text),
            _ => None,
        }
    }

    /// What every text of the form begins with.
    pub fn prefix(&self) -> String {
        match &self.first {
            Piece::Text(text) => text.clone(),
            Piece::Mixed(characters) => characters.iter().copied().map_while(|character| character).collect(),
        }
    }

    /// The characters that stand together in every text of the form.
    pub fn runs(&self) -> Vec<Vec<char>> {
        let pieces = std::iter::once(&self.first).chain(&self.rest);
        let runs = pieces.flat_map(|piece| match piece {
            Piece::Text(text) => vec![text.chars().collect()],
            Piece::Mixed(characters) => {
                characters.split(Option::is_none).map(|run| run.iter().flatten().copied().collect()).collect()
            }
        });
        runs.filter(|run: &Vec<char>| !run.is_empty()).collect()
    }

    /// Whether the text has the form.
    pub fn matches(&self, text: &str) -> bool {
        let Some(after) = self.first.starts(text) else { return false };
        let Some((last, middle)) = self.rest.split_last() else { return after == text.len() };
        let mut rest = &text[after..];
        // Each piece as early as it can be: a later place would leave less to those that follow.
        for piece in middle {
            let Some(end) = piece.find(rest) else { return false };
            rest = &rest[end..];
        }
        last.ends(rest)
    }
}

impl Piece {
    fn new(characters: Vec<Option<char>>) -> Self {
        let text: Option<String> = characters.iter().copied().collect();
        text.map_or(Self::Mixed(characters), Self::Text)
    }

    /// Where the piece ends if the text starts with it.
    fn starts(&self, text: &str) -> Option<usize> {
        let characters = match self {
            Self::Text(piece) => return text.starts_with(piece).then_some(piece.len()),
            Self::Mixed(characters) => characters,
        };
        let mut rest = text.chars();
        for wanted in characters {
            let character = rest.next()?;
            if wanted.is_some_and(|wanted| wanted != character) {
                return None;
            }
        }
        Some(text.len() - rest.as_str().len())
    }

    /// Where the piece ends at its first place in the text.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Text(piece) => text.find(piece).map(|at| at + piece.len()),
            Self::Mixed(_) => {
                text.char_indices().find_map(|(at, _)| self.starts(&text[at..]).map(|length| at + length))
            }
        }
    }

    fn ends(&self, text: &str) -> bool {
        match self {
            Self::Text(piece) => text.ends_with(piece),
            Self::Mixed(characters) => {
                let start = text.char_indices().rev().map(|(at, _)| at).nth(characters.len() - 1);
                start.is_some_and(|start| self.starts(&text[start..]).is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn matches(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    #[test]
    fn wildcards_and_escapes() {
        for pattern in ["abc", "a%", "%c", "%b%", "a_c", "%", "___", "%a%b%c%", "_%_", "%_c", "%%"] {
            assert!(matches("abc", pattern), "{pattern}");
        }
        for pattern in ["", "ab", "abcd", "A%", "_", "____", "%b", "b%", "a%a", "abc_", "a\\%", "a\\bc"] {
            assert!(!matches("abc", pattern), "{pattern}");
        }
        assert!(matches("50%", "50\\%") && !matches("500", "50\\%"));
        assert!(matches("a_b\\", "a\\_b\\\\") && matches("a\\", "a\\"));
        assert!(matches("Zürich", "Z_rich") && matches("日本", "__"));
        assert!(matches("", "") && matches("", "%") && !matches("", "_"));
        // A piece may not use what the first one has used.
        assert!(!matches("aba", "ab%ba") && !matches("a", "a%a"));
        assert_eq!(Pattern::new("a\\%b").literal(), Some("a%b"));
        let runs = |pattern| Pattern::new(pattern).runs().iter().map(String::from_iter).collect::<Vec<_>>();
        assert_eq!(
            (runs("%ab\\%c%d_ef_"), runs("%_%"), runs("")),
            (vec!["ab%c".into(), "d".into(), "ef".into()], vec![], vec![])
        );
        assert!(Pattern::new("a%").literal().is_none() && Pattern::new("_").literal().is_none());
    }

    #[test]
    fn a_backslash_before_a_letter_was_lost() {
        assert!(
            matches("back\\slash", "back\\slash")
                && matches("back\\slash", "%k\\s%")
                && !matches("backslash", "back\\slash")
        );
        assert_eq!(Pattern::new("back\\slash").literal(), Some("back\\slash"));
        assert_eq!(canonical("back\\slash\\%"), "back\\\\slash\\%");
        let told = |text: &str| match crate::expr::cql2::parse(text) {
            Ok(crate::expr::Expr::Like { pattern, .. }) => pattern,
            other => panic!("{other:?}"),
        };
        assert_eq!(told("name LIKE 'back\\slash%'"), "back\\\\slash%");
    }

    #[test]
    fn a_pattern_of_many_wildcards_is_not_slow() {
        let start = Instant::now();
        assert!(!matches(&"a".repeat(10_000), &format!("{}b", "%a_".repeat(300))));
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    /// The oracle: what each sign means, tried in every way.
    fn oracle(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|at| oracle(&text[at..], rest)),
            ['_', rest @ ..] => !text.is_empty() && oracle(&text[1..], rest),
            ['\\', other @ ('%' | '_' | '\\'), rest @ ..] | [other, rest @ ..] => {
                text.first() == Some(other) && oracle(&text[1..], rest)
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn as_the_oracle_says(text in "[abé%\\\\_]{0,8}", pattern in "[abé%%\\\\__]{0,6}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&text, &pattern), oracle(&characters(&text), &characters(&pattern)));
            prop_assert_eq!(matches(&text, &pattern), matches(&text, &canonical(&pattern)));
        }
    }
}
