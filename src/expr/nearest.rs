//! What somebody may have meant who mistyped a name.

/// No name that anybody mistypes is longer, and the work grows with the square.
const LONGEST: usize = 64;

/// The name that is most like the word, where one is much like it.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    if word.len() > LONGEST {
        return None;
    }
    let word = lower(word);
    let near = names.into_iter().filter(|name| name.len() <= LONGEST).map(|name| (distance(&word, &lower(name)), name));
    near.filter(|(distance, _)| *distance <= word.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters must be put in, taken out or changed.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (at, b) in to.iter().enumerate() {
            let change = corner + usize::from(a != b);
            corner = row[at + 1];
            row[at + 1] = change.min(corner + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["population", "name", "Name_en"];
        assert_eq!(nearest("popluation", names), Some("population"));
        assert_eq!(nearest("NAME", names), Some("name"));
        assert_eq!(nearest("name_en", names), Some("Name_en"));
        assert_eq!(nearest("area", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(distance(&['a', 'b', 'c'], &['b', 'c', 'd']), 2);
    }
}
