//! Searches within texts find the same with a full-text index as without.

use proptest::prelude::*;

use super::plans::explained;
use super::*;
use crate::expr::function::{Function, without_case};
use crate::expr::{Expr, Operand};

const INDEX: &str = "CREATE VIRTUAL TABLE words USING fts5(name, \"the note\", content='places', content_rowid='fid', \
                     tokenize='trigram');
                     INSERT INTO words(words) VALUES ('rebuild');";

fn file(texts: &[(String, String)]) -> File {
    let file = File::new();
    file.run("PRAGMA synchronous=OFF");
    file.run(
        "CREATE TABLE places (fid INTEGER PRIMARY KEY, name TEXT, \"the note\" TEXT(200), other TEXT, number INTEGER)",
    );
    file.run("BEGIN");
    for (name, note) in texts {
        file.insert("INSERT INTO places (name, \"the note\", other) VALUES (?1, ?2, ?1)", &[name, note]);
    }
    file.run("COMMIT");
    file.attributes("places");
    file
}

/// As `q` asks.
fn search(terms: &[&str], names: &[&str]) -> Query {
    let like = |name: &str, term: &str| {
        let escaped = without_case(term).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let operand = Operand::Call(Function::CaseI, vec![Operand::Property(name.to_owned())]);
        Expr::Like { operand, pattern: format!("%{escaped}%") }
    };
    let parts = names.iter().flat_map(|name| terms.iter().map(move |term| like(name, term)));
    Query { filter: Some(Expr::Or(parts.collect())), ..Query::default() }
}

const BOTH: [&str; 2] = ["name", "the note"];

fn many() -> Vec<(String, String)> {
    let name = |at: usize| if at == 700 { "Große STRASSE".to_owned() } else { format!("Place {at}") };
    (0..1000).map(|at| (name(at), format!("note of {}", at % 7))).collect()
}

/// Whether a search goes by the index; the answer is that of the scan in any case.
async fn is_used(file: &File, query: &Query) -> bool {
    let (found, steps) = explained(file, "places", query).await;
    let plain = File::new();
    plain.run(
        "CREATE TABLE places (fid INTEGER PRIMARY KEY, name TEXT, \"the note\" TEXT(200), other TEXT, number INTEGER)",
    );
    plain.run(&format!("ATTACH '{}' AS full", file.path.to_str().unwrap().replace('\'', "''")));
    plain.run("INSERT INTO places SELECT * FROM full.places");
    plain.attributes("places");
    assert_eq!(found, explained(&plain, "places", query).await.0);
    let by_number = steps.iter().any(|step| step.starts_with("SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"));
    assert!(by_number || steps.iter().any(|step| step.starts_with("SCAN t")), "{steps:?}");
    by_number
}

#[tokio::test]
async fn a_search_goes_by_an_index_of_trigrams() {
    let file = file(&many());
    assert!(!is_used(&file, &search(&["große"], &BOTH)).await);
    file.run(INDEX);
    for (terms, names, expected) in [
        (&["große"][..], &BOTH[..], true),
        (&["place 70"], &BOTH, true),
        (&["place 70", "GROSSE"], &["name"], true),
        (&["place 70", "strasse"], &["name"], false),
        (&["place 70", "ße ro"], &["name"], true),
        (&["nowhere"], &BOTH, true),
        // Too short, in a column that the index lacks, or in more rows than a list is good for.
        (&["ro"], &BOTH, false),
        (&["große", "ro"], &BOTH, false),
        (&["große"], &["name", "other"], false),
        (&["place"], &BOTH, false),
        // What ß may have made is in no trigram.
        (&["sse"], &BOTH, false),
    ] {
        assert_eq!(is_used(&file, &search(terms, names)).await, expected, "{terms:?} {names:?}");
    }
    let view = open(&layer(&file, "places").source);
    let query = search(&["große"], &BOTH);
    assert_eq!(view.count(&query, AMPLE).await.unwrap(), Some(1));
    let rows = read(&view, &Query { limit: Some(10), ..search(&["place 70"], &BOTH) }).await.unwrap().0;
    assert_eq!(ids(&rows)[..2], [71, 702]);
}

#[tokio::test]
async fn an_index_that_cannot_be_trusted_is_left_alone() {
    for made in [
        "fts5(name, \"the note\", content='places', content_rowid='fid')",
        "fts5(name, \"the note\", content='places', content_rowid='fid', tokenize='porter ascii')",
        "fts5(name, \"the note\", content='places', content_rowid='fid', tokenize='trigram case_sensitive 1')",
        "fts5(name, \"the note\", content='places', content_rowid='number', tokenize='trigram')",
        "fts5(name, \"the note\" UNINDEXED, content='places', content_rowid='fid', tokenize='trigram')",
        "fts5(name, \"the note\", content='elsewhere', content_rowid='fid', tokenize='trigram')",
        "fts5(name, \"the note\", tokenize='trigram')",
        "fts4(name, \"the note\", content='places')",
    ] {
        let file = file(&many());
        file.run(&format!("CREATE TABLE elsewhere AS SELECT * FROM places; CREATE VIRTUAL TABLE words USING {made}"));
        assert!(!is_used(&file, &search(&["große"], &BOTH)).await, "{made}");
    }
    let file = file(&many());
    // Never filled.
    file.run(INDEX.split_once(';').unwrap().0);
    assert!(!is_used(&file, &search(&["große"], &BOTH)).await);
    file.run("INSERT INTO words(words) VALUES ('rebuild')");
    assert!(is_used(&file, &search(&["große"], &BOTH)).await);
}

#[tokio::test]
async fn an_index_is_found_however_it_was_written() {
    for made in [
        "create  virtual table [wo'rds] using FTS5 (\"NAME\", [the note], number unindexed, content=\"Places\", tokenize=\"trigram\")",
        "CREATE VIRTUAL TABLE IF NOT EXISTS \"wo\"\"rds\" USING fts5(name, 'the note', tokenize = 'trigram case_sensitive 0', \
         content = places, content_rowid = \"FID\", detail = none)",
    ] {
        let file = file(&many());
        file.run(made);
        let name = if made.contains("[wo") { "[wo'rds]" } else { "\"wo\"\"rds\"" };
        file.run(&format!("INSERT INTO {name}({name}) VALUES ('rebuild')"));
        assert!(is_used(&file, &search(&["große"], &BOTH)).await, "{made}");
    }
}

/// Letters that fold in odd ways, and those that they become.
fn texts() -> impl Strategy<Value = String> {
    let letters = "aAbiIsSkKtTfFlnhßẞıİſKåÅÄäﬁﬆŉẖΣσςΩΩДдǅǆჀⴠ𐐀𐐨\u{307}\"%_\\ 1é\u{345}ͅΐ日";
    prop::collection::vec(prop::sample::select(letters.chars().collect::<Vec<_>>()), 0..12).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_search_loses_a_match_to_the_index(
        rows in prop::collection::vec((texts(), texts()), 1..40),
        cuts in prop::collection::vec((0usize..40, 0usize..12, 2usize..9, any::<bool>()), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (plain, indexed) = (file(&rows), file(&rows));
        indexed.run(INDEX);
        for (row, from, length, is_upper) in cuts {
            // A part of what is there, as it folds.
            let folded = without_case(&rows[row % rows.len()].0);
            let term: String = folded.chars().skip(from).take(length).collect();
            let term = if is_upper { term.to_uppercase() } else { term };
            let query = search(&[&term], &BOTH);
            let answer = |file: &File| runtime.block_on(async {
                let view = open(&layer(file, "places").source);
                ids(&read(&view, &query).await.unwrap().0)
            });
            prop_assert_eq!(answer(&indexed), answer(&plain), "{:?}", term);
        }
    }
}
