//! Full-text indexes of a file, for searches within texts. Such an index names candidates, the evaluator decides. Only FTS5's `trigram`
//! tokenizer is of use: others know words, and a search finds parts of them. Folding is where the two differ: SQLite folds
//! letter by letter, the evaluator has `ß` for `SS`; so no trigram is asked for that such a letter may have made.

use rusqlite::Connection;
use rusqlite::types::Value as Bound;

use super::key::Key;
use super::sql::{self, Sql};
use super::table::Table;
use crate::expr::folding::Fold;
use crate::expr::function::Function;
use crate::expr::like::Pattern;
use crate::expr::{Expr, Operand};
use crate::model::schema::Field;

/// Most trigrams that are asked for of one pattern: a few tell nearly as much as all.
const MOST_TRIGRAMS: usize = 8;
/// Most spellings of a trigram.
const MOST_SPELLINGS: usize = 27;

/// An FTS5 table whose rows are those of a layer.
#[derive(Debug)]
pub(super) struct Trigrams {
    /// Its name, quoted.
    name: String,
    /// For each field of the schema, whether its text is in the index.
    holds: Vec<bool>,
}

impl Trigrams {
    /// The index that has most of a table's texts.
    pub(super) fn of(
        connection: &Connection,
        table: &str,
        key: &Key,
        fields: &[Field],
        makes_text: &[bool],
    ) -> rusqlite::Result<Option<Self>> {
        let Some(rowid) = &key.rowid else { return Ok(None) };
        let mut made = connection.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
        let made = made.query_map([], |row| Ok((sql::text(row, 0)?, sql::text(row, 1)?)))?;
        let mut best: Option<Self> = None;
        for made in made {
            let (Some(name), Some(text)) = made? else { continue };
            let Some(columns) = declared(&text, table, rowid) else { continue };
            let is_in = |field: &Field| columns.iter().any(|column| column.eq_ignore_ascii_case(&field.name));
            let holds: Vec<bool> =
                fields.iter().zip(makes_text).map(|(field, makes_text)| *makes_text && is_in(field)).collect();
            let size = |holds: &[bool]| holds.iter().filter(|holds| **holds).count();
            if size(&holds) > best.as_ref().map_or(0, |best| size(&best.holds)) && is_filled(connection, table, &name) {
                best = Some(Self { name: sql::quoted(&name), holds });
            }
        }
        Ok(best)
    }

    /// What to ask the index for, where all rows for which the condition is true are among what it finds.
    pub(super) fn question(&self, table: &Table, condition: &Expr) -> Option<String> {
        let parts = match condition {
            Expr::Or(parts) => &parts[..],
            one => std::slice::from_ref(one),
        };
        let mut patterns: Vec<&str> = Vec::new();
        for part in parts {
            let Expr::Like { operand: Operand::Call(Function::CaseI, inner), pattern } = part else { return None };
            let [Operand::Property(name)] = &inner[..] else { return None };
            if !self.holds[table.schema.position(name)?] {
                return None;
            }
            if !patterns.contains(&pattern.as_str()) {
                patterns.push(pattern);
            }
        }
        let asked = patterns.into_iter().map(asked).collect::<Option<Vec<_>>>()?;
        (!asked.is_empty()).then(|| asked.join(" OR "))
    }

    /// The numbers of the rows that the index has for a question; none where they are more than so many.
    pub(super) fn find(
        &self,
        connection: &Connection,
        question: &str,
        most: usize,
    ) -> rusqlite::Result<Option<Vec<i64>>> {
        let limit = Bound::Integer(i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1));
        let query = format!("SELECT rowid FROM {0} WHERE {0} MATCH ? LIMIT ?", self.name);
        let query = Sql::new(query, vec![Bound::Text(question.to_owned()), limit]);
        let mut statement = connection.prepare_cached(&query.text)?;
        let found = statement.query_map(query.bound(), |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        Ok((found.len() <= most).then_some(found))
    }
}

/// The columns in an index, where it is one over this table by trigrams without regard to case.
fn declared(made: &str, table: &str, rowid: &str) -> Option<Vec<String>> {
    let (head, rest) = made.split_once('(')?;
    let mut words = head.split_whitespace().rev();
    if !words.next()?.eq_ignore_ascii_case("fts5") || !words.next()?.eq_ignore_ascii_case("using") {
        return None;
    }
    let (mut columns, mut content, mut content_rowid, mut tokenizer) = (Vec::new(), None, "rowid".to_owned(), None);
    for part in parts(rest.trim_end().strip_suffix(')')?) {
        let (word, after) = word(&part)?;
        match after.trim_start().strip_prefix('=') {
            Some(value) => match word.to_ascii_lowercase().as_str() {
                "content" => content = Some(self::word(value)?.0),
                "content_rowid" => content_rowid = self::word(value)?.0,
                "tokenize" => tokenizer = Some(value.replace(['\'', '"'], " ").to_ascii_lowercase()),
                _ => {}
            },
            None if after.trim().is_empty() => columns.push(word),
            // UNINDEXED
            None => {}
        }
    }
    let tokenizer = tokenizer?;
    let is_trigram = match tokenizer.split_whitespace().collect::<Vec<_>>()[..] {
        ["trigram"] => true,
        ["trigram", ref options @ ..] => {
            options.chunks(2).all(|option| matches!(option, ["case_sensitive" | "remove_diacritics", "0"]))
        }
        _ => false,
    };
    let is_number = sql::column(&content_rowid).eq_ignore_ascii_case(rowid)
        || ["rowid", "_rowid_", "oid"].iter().any(|name| content_rowid.eq_ignore_ascii_case(name));
    (is_trigram && is_number && content?.eq_ignore_ascii_case(table)).then_some(columns)
}

/// What stands between the commas.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    for character in text.chars() {
        match (quote, character) {
            (None, ',') => {
                parts.push(String::new());
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '[') => quote = Some(']'),
            (Some(end), _) if end == character => quote = None,
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

/// The first word, without its quotes, and what follows.
fn word(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let end = match text.chars().next()? {
        '[' => ']',
        quote @ ('\'' | '"' | '`') => quote,
        _ => {
            let end = text.find(|character: char| character.is_whitespace() || character == '=').unwrap_or(text.len());
            return Some((text[..end].to_owned(), &text[end..]));
        }
    };
    let (mut word, mut rest) = (String::new(), &text[1..]);
    loop {
        let at = rest.find(end)?;
        word.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix(end) {
            // A doubled quote is one.
            Some(after) if end != ']' => {
                word.push(end);
                rest = after;
            }
            _ => return Some((word, rest)),
        }
    }
}

/// Whether the index can be asked, and is not empty beside a full table.
fn is_filled(connection: &Connection, table: &str, name: &str) -> bool {
    let is_one = |query: String| connection.prepare(&query).and_then(|mut statement| statement.exists([]));
    let (fts, sizes) = (sql::quoted(name), sql::quoted(&format!("{name}_docsize")));
    if let Err(cause) = is_one(format!("SELECT 1 FROM {fts} WHERE {fts} MATCH '\"abc\"' LIMIT 1")) {
        tracing::warn!(table, index = name, %cause, "the full-text index cannot be read and is not used");
        return false;
    }
    // An index may be made without the table of sizes.
    let is_empty = is_one(format!("SELECT 1 FROM {sizes} LIMIT 1")).is_ok_and(|is_there| !is_there)
        && is_one(format!("SELECT 1 FROM {} LIMIT 1", sql::quoted(table))).unwrap_or(false);
    if is_empty {
        tracing::warn!(table, index = name, "the full-text index is empty and is not used: build it anew");
    }
    !is_empty
}

/// What texts of a form have in them for certain, in FTS5's language.
fn asked(pattern: &str) -> Option<String> {
    let mut all: Vec<String> = Pattern::new(pattern).runs().iter().flat_map(|run| trigrams(run)).collect();
    if all.len() > MOST_TRIGRAMS {
        let count = all.len();
        all = (0..MOST_TRIGRAMS).map(|at| std::mem::take(&mut all[at * count / MOST_TRIGRAMS])).collect();
    }
    (!all.is_empty()).then(|| format!("({})", all.join(" AND ")))
}

/// The trigrams of a piece of folded text, each in all the spellings that fold to it.
fn trigrams(run: &[char]) -> Vec<String> {
    let is_made = Fold::Case.made_of_one(run, false);
    let mut all = Vec::new();
    for (three, is_made) in run.windows(3).zip(is_made.windows(3)) {
        let mut spellings = vec![String::new()];
        for letter in three {
            // What folds in ASCII, FTS5 folds as well; what stands in no valid text, it may not have.
            let is_asked = |letter: &char| !letter.is_ascii_uppercase() && !matches!(letter, '\0' | '\u{fffd}');
            let others: Vec<char> = Fold::Case.spellings(*letter).into_iter().filter(is_asked).collect();
            spellings = spellings
                .iter()
                .flat_map(|start| others.iter().map(move |letter| format!("{start}{letter}")))
                .collect();
        }
        if !is_made.contains(&true) && (1..=MOST_SPELLINGS).contains(&spellings.len()) {
            let quoted: Vec<String> =
                spellings.iter().map(|spelling| format!("\"{}\"", spelling.replace('"', "\"\""))).collect();
            all.push(format!("({})", quoted.join(" OR ")));
        }
    }
    all
}
