//! Folding the other way round: in which letters a folded text may stand in a row. What finds rows by letters (an index, the
//! database) folds each in its own way; so it is asked for spellings, and only where no letter such as `ß` may stand for several.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::function::{Function, without_accents, without_case};

/// Beyond this no letter has another case, and none is an accented one of ASCII.
const LAST_LETTER: u32 = 0x1_ffff;

/// A way to fold texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Without regard to case.
    Case,
    /// Without accents.
    Accents,
    /// Without both, the accents first.
    CaseOfAccents,
    /// Without both, the case first.
    AccentsOfCase,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
}

impl Fold {
    /// What these functions do, one after the other.
    pub fn of(functions: &[Function]) -> Option<Fold> {
        Some(match functions {
            [Function::CaseI] => Self::Case,
            [Function::AccentI] => Self::Accents,
            [Function::AccentI, Function::CaseI] => Self::CaseOfAccents,
            [Function::CaseI, Function::AccentI] => Self::AccentsOfCase,
            [Function::Lower] => Self::Lower,
            [Function::Upper] => Self::Upper,
            _ => return None,
        })
    }

    /// Whether signs that only change others are passed over.
    pub fn drops_accents(self) -> bool {
        matches!(self, Self::Accents | Self::CaseOfAccents | Self::AccentsOfCase)
    }

    /// The letters that fold to this one, itself first; none where it is not folded, or where what stands around it may matter.
    pub fn spellings(self, letter: char) -> Vec<char> {
        let is_told = self == Self::Case || letter.is_ascii();
        if !is_told || !self.folded(letter).eq(&[letter]) {
            return Vec::new();
        }
        let others = self.letters().others.get(&letter).into_iter().flatten();
        [letter].into_iter().chain(others.copied()).collect()
    }

    /// For each letter of a piece of folded text, whether a letter that folds to several may have made it. The piece may begin or
    /// end within such a letter, unless it is the whole text.
    pub fn made_of_one(self, piece: &[char], is_whole: bool) -> Vec<bool> {
        let mut made = vec![false; piece.len()];
        for several in &self.letters().several {
            let (length, beyond) = (piece.len().cast_signed(), several.len().cast_signed() - 1);
            for start in if is_whole { 0..length - beyond } else { -beyond..length } {
                let within = || {
                    let place = |(at, letter)| usize::try_from(start + at).ok().zip(Some(letter));
                    (0_isize..).zip(several).filter_map(place)
                };
                if within().all(|(at, letter)| piece.get(at).is_none_or(|other| other == letter)) {
                    within().for_each(|(at, _)| made.get_mut(at).into_iter().for_each(|made| *made = true));
                }
            }
        }
        made
    }

    fn folded(self, letter: char) -> Vec<char> {
        let mut buffer = [0; 4];
        let text = letter.encode_utf8(&mut buffer);
        let folded = match self {
            Self::Case => without_case(text),
            Self::Accents => without_accents(text),
            Self::CaseOfAccents => without_case(&without_accents(text)),
            Self::AccentsOfCase => without_accents(&without_case(text)),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        };
        folded.chars().collect()
    }

    fn letters(self) -> &'static Letters {
        static ALL: [OnceLock<Letters>; 6] = [const { OnceLock::new() }; 6];
        ALL[self as usize].get_or_init(|| Letters::of(self))
    }
}

struct Letters {
    /// Of a folded letter, the others that become it alone.
    others: HashMap<char, Vec<char>>,
    /// What one letter becomes where that is more than one.
    several: Vec<Vec<char>>,
}

impl Letters {
    fn of(fold: Fold) -> Self {
        let mut letters = Self { others: HashMap::new(), several: Vec::new() };
        for letter in (0..=LAST_LETTER).filter_map(char::from_u32) {
            let folded = fold.folded(letter);
            match folded[..] {
                [] => {}
                [folded] if folded == letter => {}
                [folded] => letters.others.entry(folded).or_default().push(letter),
                // Of what stands around them only letters of ASCII are spelled out.
                _ if fold != Fold::Case && !folded.iter().any(char::is_ascii) => {}
                _ if letters.several.contains(&folded) => {}
                _ => letters.several.push(folded),
            }
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Fold; 6] =
        [Fold::Case, Fold::Accents, Fold::CaseOfAccents, Fold::AccentsOfCase, Fold::Lower, Fold::Upper];

    #[test]
    fn every_spelling_of_a_letter_is_told() {
        for (letter, expected) in
            [('a', "aA"), ('i', "iI"), ('ı', "ı"), ('k', "kK\u{212a}"), ('s', "sSſ"), ('ü', "üÜ"), ('1', "1")]
        {
            assert_eq!(Fold::Case.spellings(letter), expected.chars().collect::<Vec<_>>(), "{letter}");
        }
        assert!(Fold::Case.spellings('A').is_empty() && Fold::Case.spellings('ß').is_empty());
        let accented = Fold::Accents.spellings('e');
        assert!(accented.contains(&'é') && accented.contains(&'ệ') && !accented.contains(&'É'));
        assert!(Fold::CaseOfAccents.spellings('e').contains(&'É') && Fold::Lower.spellings('k').contains(&'\u{212a}'));
        let last = || (LAST_LETTER + 1..=0x10_ffff).filter_map(char::from_u32);
        assert!(last().all(|letter| Fold::Case.folded(letter) == [letter]));
        for fold in ALL {
            assert!(last().all(|letter| !fold.folded(letter).iter().any(char::is_ascii)), "{fold:?}");
            // What is no letter of its own is no ASCII: an expression passes over all that is none.
            assert!((0..128).filter_map(char::from_u32).all(|letter| fold.folded(letter).len() == 1), "{fold:?}");
        }
    }

    #[test]
    fn what_one_letter_may_have_made_is_told() {
        let made = |text: &str| {
            let letters: Vec<char> = text.chars().collect();
            letters
                .iter()
                .zip(Fold::Case.made_of_one(&letters, false))
                .filter(|(_, made)| *made)
                .map(|(letter, _)| letter)
                .collect::<String>()
        };
        for (text, expected) in
            [("strasse", "stss"), ("basel", ""), ("sab", "s"), ("bah", "h"), ("bahn", ""), ("office", "ffi")]
        {
            assert_eq!(made(text), expected, "{text}");
        }
        assert_eq!(Fold::Case.made_of_one(&['s', 'h', 's', 's'], true), [false, false, true, true]);
        assert_eq!(Fold::Case.made_of_one(&['s'], true), [false]);
    }

    proptest! {
        /// A letter of ASCII in a folded text comes of one of its spellings, wherever it stands.
        #[test]
        fn letters_of_ascii_come_of_their_spellings(text in "[a-zA-ZßſıİKÅéÉệſﬁ\u{300}-\u{310}\u{338}Σ=]{0,8}") {
            for (fold, functions) in ALL.iter().zip([
                vec![Function::CaseI], vec![Function::AccentI], vec![Function::AccentI, Function::CaseI],
                vec![Function::CaseI, Function::AccentI], vec![Function::Lower], vec![Function::Upper],
            ]) {
                let fold = *fold;
                let mut value = crate::model::value::Value::Text(text.clone());
                for function in functions {
                    value = function.apply(&[value]);
                }
                let crate::model::value::Value::Text(folded) = value else { panic!("no text") };
                let ascii: String = folded.chars().filter(char::is_ascii).collect();
                let told: String = text.chars().flat_map(|letter| fold.folded(letter)).filter(char::is_ascii).collect();
                prop_assert_eq!(ascii, told, "{:?} of {:?}", fold, text);
            }
        }
    }
}
