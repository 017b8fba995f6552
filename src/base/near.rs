//! Names that somebody may have meant.

/// Longer names are not looked at: the work grows with the square of the length.
const LONGEST: usize = 80;

/// Of these names those near to the wanted one, the nearest first, at most `most`: with other capitals, a slip of the
/// fingers, or one within the other.
pub fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted: Vec<char> = wanted.chars().flat_map(char::to_lowercase).take(LONGEST + 1).collect();
    let mut found: Vec<(usize, &str)> =
        names.into_iter().filter_map(|name| Some((distance(&wanted, name)?, name))).collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().take(most).map(|(_, name)| name).collect()
}

/// How far a name is from the wanted one; none where it is another.
fn distance(wanted: &[char], name: &str) -> Option<usize> {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).take(LONGEST + 1).collect();
    let (short, long) = if wanted.len() < name.len() { (wanted, &name[..]) } else { (&name[..], wanted) };
    if long.len() > LONGEST || short.is_empty() {
        return None;
    }
    let allowed = (short.len() / 3).clamp(1, 3);
    if short.len() >= 3 && long.windows(short.len()).any(|part| part == short) {
        return Some((long.len() - short.len()).min(allowed + 1));
    }
    if long.len() - short.len() > allowed {
        return None;
    }
    let mut row: Vec<usize> = (0..=short.len()).collect();
    for (at, wide) in long.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, narrow) in short.iter().enumerate() {
            let changed = diagonal + usize::from(wide != narrow);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_capitals_and_parts_are_near() {
        let names = ["countries", "cities", "rivers", "roads", "a"];
        assert_eq!(near("contries", names, 5), ["countries"]);
        assert_eq!(near("Cities", names, 5), ["cities"]);
        assert_eq!(near("river", names, 5), ["rivers"]);
        assert_eq!(near("citeis", names, 5), ["cities"]);
        assert_eq!(near("ne_10m_rivers", names, 5), ["rivers"]);
        assert!(near("buildings", names, 5).is_empty() && near("", names, 5).is_empty());
        assert!(near(&"x".repeat(10_000), names, 5).is_empty());
    }

    #[test]
    fn the_nearest_come_first() {
        assert_eq!(near("road", ["roads_old", "broad", "roads", "toad"], 3), ["broad", "roads", "toad"]);
    }
}
