//! Cuts a text into words, numbers, quoted texts and signs.

use super::fault::Fault;

/// The signs, longer ones first.
const SIGNS: [&str; 15] = ["<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^"];
/// What people write out of habit, and what it is called here.
const HABITS: [(&str, &str); 10] = [
    ("!=", "unequal is written <>"),
    ("==", "equal is written ="),
    ("&&", "and is written AND"),
    ("||", "or is written OR"),
    ("!", "not is written NOT"),
    ("-- ", "a filter has no comments"),
    ("/*", "a filter has no comments"),
    ("`", "a name is quoted as in \"name\""),
    ("‘", "text is quoted as in 'text'"),
    ("“", "text is quoted as in 'text', a name as in \"name\""),
];

/// Whose language it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The standard's.
    Cql2,
    /// What QGIS Server takes as FILTER: unequal is also `!=`, and there is ILIKE.
    Qgis,
    /// The same as clients send it that call it `cql-text`: they double quotes, and backslashes are themselves.
    Older,
}

impl Dialect {
    /// Whether a backslash begins an escape.
    fn has_escapes(self) -> bool {
        self != Self::Older
    }
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Where it starts and ends, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name, or a word of the language.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// A number without its sign, as it is written.
    Number(String),
    /// One of the signs.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

/// Whether a name can start with the character.
fn starts_name(character: char) -> bool {
    character == '_' || character == ':' || character.is_alphabetic()
}

/// Whether a name can go on with the character.
fn continues_name(character: char) -> bool {
    starts_name(character) || character == '.' || character.is_numeric() || ('\u{300}'..='\u{36f}').contains(&character)
}

/// Whether a name needs no quotes, unless it is a word of the language.
pub(super) fn is_plain(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

/// All pieces; the last one is the end.
pub(super) fn tokens(text: &str, dialect: Dialect) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let start = at + (rest.len() - rest.trim_start().len());
        let rest = &text[start..];
        let (kind, length) = match dialect {
            Dialect::Qgis | Dialect::Older if rest.starts_with("!=") => (TokenKind::Sign("<>"), 2),
            _ => token(text, start, rest, dialect)?,
        };
        at = start + length;
        let is_end = kind == TokenKind::End;
        tokens.push(Token { kind, start, end: at });
        if is_end {
            return Ok(tokens);
        }
    }
}

fn token(text: &str, start: usize, rest: &str, dialect: Dialect) -> Result<(TokenKind, usize), Fault> {
    let Some(first) = rest.chars().next() else { return Ok((TokenKind::End, 0)) };
    if starts_name(first) {
        let length = rest.find(|character| !continues_name(character)).unwrap_or(rest.len());
        return Ok((TokenKind::Word(rest[..length].to_owned()), length));
    }
    if first.is_ascii_digit() || first == '.' {
        return number(text, start, rest);
    }
    if first == '\'' || first == '"' {
        let has_escapes = first == '\'' && dialect.has_escapes();
        let Some((content, length)) = quoted(rest, first, has_escapes) else {
            let fault = Fault::new(text, start, format!("the quote {first} is not closed"));
            let backslash = if has_escapes && rest.contains('\\') { ", a backslash as \\\\" } else { "" };
            return Err(
                fault.hint(format!("a quote that is part of it is written twice, as {first}{first}{backslash}"))
            );
        };
        if first == '\'' {
            return Ok((TokenKind::Text(content), length));
        }
        if content.is_empty() {
            return Err(Fault::new(text, start, "the name in double quotes is empty"));
        }
        return Ok((TokenKind::Name(content), length));
    }
    if let Some((_, hint)) = HABITS.iter().find(|(habit, _)| rest.starts_with(habit)) {
        return Err(Fault::new(text, start, format!("'{first}' has no meaning here")).hint(*hint));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(*sign)) {
        Some(sign) => Ok((TokenKind::Sign(sign), sign.len())),
        None => Err(Fault::new(text, start, format!("'{}' has no meaning here", first.escape_debug()))),
    }
}

/// What stands in quotes, and how long it is with them. In a text a backslash escapes as well (/req/cql2-text/escaping).
fn quoted(rest: &str, quote: char, has_escapes: bool) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && has_escapes {
            let (_, escaped) = characters.next()?;
            match meaning(escaped) {
                Some(meant) => content.push(meant),
                // What is no escape is what it looks like.
                None => content.extend([character, escaped]),
            }
            continue;
        }
        if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some((content, at + 1));
        }
        content.push(character);
    }
    None
}

/// The pattern that stands in quotes: a backslash before a sign of patterns is the pattern's own.
pub(super) fn pattern(quoted: &str, dialect: Dialect) -> String {
    let mut content = String::new();
    let mut characters = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(sign @ ('%' | '_' | '\\')) => content.extend(['\\', sign]),
                Some(escaped) => {
                    let meant = meaning(escaped).filter(|_| dialect.has_escapes());
                    if escaped == '\'' && meant.is_none() {
                        characters.next_if_eq(&'\'');
                    }
                    match meant {
                        Some(meant) => content.push(meant),
                        None => content.extend(['\\', '\\', escaped]),
                    }
                }
                None => content.push_str("\\\\"),
            },
            '\'' => {
                characters.next_if_eq(&'\'');
                content.push('\'');
            }
            other => content.push(other),
        }
    }
    content
}

/// What a character means after a backslash.
fn meaning(escaped: char) -> Option<char> {
    Some(match escaped {
        '\'' | '\\' => escaped,
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        _ => return None,
    })
}

fn number(text: &str, start: usize, rest: &str) -> Result<(TokenKind, usize), Fault> {
    let digits =
        |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |length| from + length);
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        end = digits(end + 1 + sign);
    }
    let number = &rest[..end];
    let follows = rest[end..].chars().next().is_some_and(|next| continues_name(next) || next == '.');
    if follows || number.parse::<f64>().is_err() {
        let word = rest.find(|c: char| !continues_name(c)).unwrap_or(rest.len()).max(end);
        let fault = Fault::new(text, start, format!("'{}' is not a number", &rest[..word]));
        return Err(fault.hint("text is written 'in single quotes', an unusual name \"in double quotes\""));
    }
    Ok((TokenKind::Number(number.to_owned()), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text, Dialect::Cql2).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn pieces_are_told_apart() {
        use TokenKind::{End, Name, Number, Sign, Text, Word};
        assert_eq!(
            kinds("a.b_1<>\"x \"\"y\\\"'it''s \\\\'-1.5e-3\n.5"),
            [
                Word("a.b_1".into()),
                Sign("<>"),
                Name("x \"y\\".into()),
                Text("it's \\".into()),
                Sign("-"),
                Number("1.5e-3".into()),
                Number(".5".into()),
                End
            ]
        );
        assert_eq!(kinds("größe"), [Word("größe".into()), End]);
    }

    #[test]
    fn texts_have_the_escapes_of_the_standard() {
        for (written, meant) in [
            (r"'O\'Brien'", "O'Brien"),
            (r"'O''Brien'", "O'Brien"),
            (r"'\a\b\t\n\v\f\r'", "\u{7}\u{8}\t\n\u{b}\u{c}\r"),
            (r"'a\\'", r"a\"),
            (r"'a\\'''", r"a\'"),
            (r"'a\\\''", r"a\'"),
            (r"'50\% \x \ü'", r"50\% \x \ü"),
            ("'a\tb'", "a\tb"),
        ] {
            assert_eq!(kinds(written), [TokenKind::Text(meant.into()), TokenKind::End], "{written}");
        }
        for (written, meant) in [
            (r"'50\%\_\\'", r"50\%\_\\"),
            (r"'O\'B''%'", "O'B'%"),
            (r"'\t\x\ü'", "\t\\\\x\\\\ü"),
            (r"'C:\\new%'", r"C:\\new%"),
        ] {
            assert_eq!(pattern(written, Dialect::Cql2), meant, "{written}");
        }
        let older = |text: &str| tokens(text, Dialect::Older).map(|mut tokens| tokens.swap_remove(0).kind);
        assert_eq!(older(r"'C:\new\'"), Ok(TokenKind::Text(r"C:\new\".into())));
        assert_eq!(older(r"'\'''"), Ok(TokenKind::Text(r"\'".into())));
        assert_eq!(pattern(r"'\t\''\%'", Dialect::Older), r"\\t\\'\%");
        for unclosed in [r"'a\'", r"'a\\\'", r"'\"] {
            let fault = tokens(unclosed, Dialect::Cql2).unwrap_err();
            assert!(fault.to_string().ends_with(r"a backslash as \\"), "{fault}");
        }
    }

    #[test]
    fn faults_point_at_their_place() {
        for (text, position, hint) in [
            ("ä != 1", 3, "<>"),
            ("a = 'x", 4, "''"),
            ("a = ''''' ", 9 - 5, "''"),
            ("a = 12abc", 4, "single quotes"),
            ("a = 1e", 4, "quotes"),
            ("a = 1.2.3", 4, "quotes"),
            ("a = .", 4, "quotes"),
        ] {
            let fault = tokens(text, Dialect::Cql2).unwrap_err();
            assert_eq!(fault.position, position, "{text}");
            assert!(fault.hint.as_ref().unwrap().contains(hint), "{fault}");
        }
        assert_eq!(tokens("ä ; 1", Dialect::Cql2).unwrap_err().column, 3);
        assert!(tokens("a = \"\"", Dialect::Cql2).is_err());
    }
}
