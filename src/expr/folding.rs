//! Case folding the other way round: in which letters a folded text may stand in a row. What finds rows by letters (an index, the
//! database) folds each in its own way; so it is asked for spellings, and only where no letter such as `ß` may stand for several.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::function::without_case;

/// Beyond this no letter has another case.
const LAST_LETTER: u32 = 0x1_ffff;

/// The letters that fold to this one, itself first; none where it is not folded.
pub fn spellings(letter: char) -> Vec<char> {
    if !folded(letter).eq(&[letter]) {
        return Vec::new();
    }
    let others = Letters::all().others.get(&letter).into_iter().flatten();
    [letter].into_iter().chain(others.copied()).collect()
}

/// For each letter of a piece of folded text, whether a letter that folds to several may have made it. The piece may begin or end
/// within such a letter.
pub fn made_of_one(piece: &[char]) -> Vec<bool> {
    let mut made = vec![false; piece.len()];
    for several in &Letters::all().several {
        for start in 1 - several.len().cast_signed()..piece.len().cast_signed() {
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

struct Letters {
    /// Of a folded letter, the others that become it alone.
    others: HashMap<char, Vec<char>>,
    /// What one letter becomes where that is more than one.
    several: Vec<Vec<char>>,
}

impl Letters {
    fn all() -> &'static Self {
        static ALL: OnceLock<Letters> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut letters = Self { others: HashMap::new(), several: Vec::new() };
            for letter in (0..=LAST_LETTER).filter_map(char::from_u32) {
                let folded = folded(letter);
                match folded[..] {
                    [folded] if folded == letter => {}
                    [folded] => letters.others.entry(folded).or_default().push(letter),
                    _ if letters.several.contains(&folded) => {}
                    _ => letters.several.push(folded),
                }
            }
            letters
        })
    }
}

fn folded(letter: char) -> Vec<char> {
    without_case(letter.encode_utf8(&mut [0; 4])).chars().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_letter_is_told() {
        for (letter, expected) in
            [('a', "aA"), ('i', "iIı"), ('k', "kK\u{212a}"), ('s', "sSſ"), ('ü', "üÜ"), ('1', "1")]
        {
            assert_eq!(spellings(letter), expected.chars().collect::<Vec<_>>(), "{letter}");
        }
        assert!(spellings('A').is_empty() && spellings('ß').is_empty());
        let last = (LAST_LETTER + 1..=0x10_ffff).filter_map(char::from_u32);
        assert!(last.into_iter().all(|letter| folded(letter) == [letter]));
    }

    #[test]
    fn what_one_letter_may_have_made_is_told() {
        let made = |text: &str| {
            let letters: Vec<char> = text.chars().collect();
            letters
                .iter()
                .zip(made_of_one(&letters))
                .filter(|(_, made)| *made)
                .map(|(letter, _)| letter)
                .collect::<String>()
        };
        for (text, expected) in
            [("strasse", "stss"), ("basel", ""), ("sab", "s"), ("bah", "h"), ("bahn", ""), ("office", "ffi")]
        {
            assert_eq!(made(text), expected, "{text}");
        }
    }
}
