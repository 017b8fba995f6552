//! Random conditions over numbers, texts and times of every odd kind: the database finds the rows that the evaluator passes, by
//! whatever part of a condition it is asked for, and counts as many.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use graticule::base::datetime::{Date, Instant};
use graticule::expr::evaluate::Predicate;
use graticule::expr::{Expr, check, cql2};
use graticule::model::batch::{Batch, Layout};
use graticule::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use graticule::model::value::Value;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

const ROWS: usize = 300;

/// A column: its name and type, and values as SQL has them.
const COLUMNS: [(&str, &str, FieldKind, &[&str]); 12] = [
    ("i2", "smallint", FieldKind::Integer, &["0", "1", "-1", "3", "32767", "-32768"]),
    ("i4", "integer", FieldKind::Integer, &["0", "1", "2", "-7", "2147483647", "-2147483648"]),
    (
        "i8",
        "bigint",
        FieldKind::Integer,
        &["0", "5", "-3", "9007199254740993", "9223372036854775807", "-9223372036854775808", "3037000500", "70000"],
    ),
    ("f4", "real", FieldKind::Number, &["0", "1.5", "0.1", "NaN", "Infinity", "3.4e38", "16777216", "-2.5", "1e-40"]),
    (
        "f8",
        "double precision",
        FieldKind::Number,
        &[
            "0",
            "-0.0",
            "0.5",
            "2.5",
            "-2.5",
            "0.49999999999999994",
            "1e300",
            "-1e300",
            "1e-300",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
            "9007199254740992",
            "0.1",
            "3",
        ],
    ),
    (
        "num",
        "numeric",
        FieldKind::Number,
        &[
            "0",
            "1",
            "0.1",
            "0.10000000000000000001",
            "0.09999999999999999999",
            "123456789012345678901234567890",
            "NaN",
            "1e-40",
            "-2.5",
            "1e200",
        ],
    ),
    (
        "t",
        "text",
        FieldKind::String,
        &[
            "",
            "a",
            "A",
            "á",
            "Á",
            "a\u{301}b",
            "ab",
            "straße",
            "STRASSE",
            "strase",
            " a ",
            "\u{2003}ab\u{a0}",
            "Kelvin",
            "\u{212a}elvin",
            "İ",
            "i",
            "ΟΔΟΣ",
            "οδος",
            "ﬁn",
            "fin",
            "a.c",
            "ab%",
            "ŉa",
            "two\nlines",
        ],
    ),
    ("u", "varchar(20)", FieldKind::String, &["", "a", "B", "ab", " a", "é", "E", "fin"]),
    (
        "d",
        "date",
        FieldKind::Date,
        &["2020-01-01", "2019-12-31", "infinity", "-infinity", "0001-12-31 BC", "2020-02-29"],
    ),
    (
        "ts",
        "timestamp",
        FieldKind::DateTime,
        &[
            "2020-01-01 00:00:00",
            "2019-12-31 23:59:59.999999",
            "infinity",
            "2020-02-29 12:00:00",
            "0044-03-15 12:00 BC",
        ],
    ),
    (
        "tz",
        "timestamptz",
        FieldKind::DateTime,
        &["2020-01-01 00:30:00+01", "2020-01-01 00:00:00+00", "-infinity", "2020-06-01 00:00:00+00"],
    ),
    ("b", "boolean", FieldKind::Boolean, &["true", "false"]),
];

/// What the loop has of a value.
fn value(column: &str, kind: FieldKind, text: &str) -> Value {
    match (kind, text) {
        (_, "infinity" | "-infinity") => Value::Null,
        (FieldKind::Integer, text) => Value::Int(text.parse().unwrap()),
        (FieldKind::Number, text) if column == "f4" => {
            let short: f32 = text.parse().unwrap();
            Value::Float(short.to_string().parse().unwrap())
        }
        (FieldKind::Number, text) => Value::Float(text.parse().unwrap()),
        (FieldKind::Date, "0001-12-31 BC") => Value::Date(Date(Date::parse("0001-01-01").unwrap().0 - 1)),
        (FieldKind::Date, text) => Value::Date(Date::parse(text).unwrap()),
        // The Ides of March of the year -43.
        (FieldKind::DateTime, "0044-03-15 12:00 BC") => Value::Instant(Instant(-63_517_780_800_000_000)),
        (FieldKind::DateTime, text) => match text.strip_suffix("+01").or(text.strip_suffix("+00")) {
            Some(local) => {
                let hour = if text.ends_with("+01") { 3_600_000_000 } else { 0 };
                Value::Instant(Instant(Instant::parse_stored(local).unwrap().0 - hour))
            }
            None => Value::Instant(Instant::parse_stored(text).unwrap()),
        },
        (FieldKind::Boolean, text) => Value::Bool(text == "true"),
        (_, text) => Value::Text(text.to_owned()),
    }
}

fn schema() -> Schema {
    let geometry = GeometryField {
        name: "geom".to_owned(),
        kind: GeometryKind::Point,
        crs: graticule::base::crs::Crs::Crs84,
        epoch: None,
        has_z: false,
    };
    Schema {
        fields: COLUMNS.iter().map(|(name, _, kind, _)| Field::new(*name, *kind)).collect(),
        key: ("id".to_owned(), KeyKind::Integer),
        geometry: Some(geometry),
        time: None,
    }
}

/// The table in a database, and its rows as the loop has them.
fn rows(database: &Postgres) -> Batch {
    let columns: Vec<String> = COLUMNS.iter().map(|(name, kind, ..)| format!("{name} {kind}")).collect();
    let table = columns.join(", ");
    let mut inserts = vec![format!("CREATE TABLE odd (id int PRIMARY KEY, {table}, geom geometry(Point, 4326));")];
    let mut batch = Batch::new(COLUMNS.len() + 1);
    let mut seed = 5_u64;
    let mut below = |count: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % count
    };
    for id in 0..ROWS {
        let mut literals = vec![id.to_string()];
        batch.push_value(&Value::Int(id as i64));
        for (name, kind, field, values) in COLUMNS {
            // Every value once, then at random.
            let at = if id < values.len() { id } else { below(values.len() + 2) };
            let text = values.get(at);
            literals.push(text.map_or("NULL".to_owned(), |text| format!("'{text}'::{kind}")));
            batch.push_value(&text.map_or(Value::Null, |text| value(name, field, text)));
        }
        inserts.push(format!("INSERT INTO odd VALUES ({}, ST_Point(0, 0, 4326));", literals.join(", ")));
    }
    database.sql("gis", &inserts.concat());
    for column in ["i8", "f4", "f8", "num", "d", "tz"] {
        database.sql("gis", &format!("CREATE INDEX ON odd ({column})"));
    }
    batch
}

fn one_of(texts: &[&str]) -> BoxedStrategy<String> {
    prop::sample::select(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).boxed()
}

fn any_number() -> BoxedStrategy<String> {
    let whole = ["0", "1", "-1", "2", "7", "70000", "9007199254740993", "9223372036854775807", "-9223372036854775808"];
    let floats = [
        "0.5",
        "-2.5",
        "0.1",
        "1e300",
        "1e-300",
        "3.0",
        "1e15",
        "0.49999999999999994",
        "1e-40",
        "1e200",
        "9007199254740992.0",
        "9007199254740993.0",
        "9223372036854775808",
    ];
    let leaf = prop_oneof![
        3 => one_of(&["fid", "i2", "i4", "i8", "f4", "f8", "num"]),
        2 => one_of(&whole),
        1 => one_of(&floats),
        1 => one_of(&["length(t)", "length(concat(trim(t), u))", "year(d)", "month(ts)", "day(tz)", "year(ts)"]),
    ];
    let number = leaf.prop_recursive(2, 6, 2, |inner| {
        let sign = one_of(&["+", "-", "*", "/", "%", "div", "+", "-", "*", "/", "^"]);
        prop_oneof![
            4 => (inner.clone(), sign, inner.clone()).prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
            1 => (inner.clone(), one_of(&["2", "3", "2.0"])).prop_map(|(base, power)| format!("({base} ^ {power})")),
            1 => (one_of(&["abs", "ceil", "floor", "round", "sqrt"]), inner)
                .prop_map(|(function, number)| format!("{function}({number})")),
        ]
    });
    number.boxed()
}

fn any_text() -> BoxedStrategy<String> {
    let literals =
        ["a", "A", "ab", "strasse", "Kelvin", "kelvin", "i", "οδος", "fin", "", "a.c", "STRASSE", "na", "e", "ŉa"];
    let literal = one_of(&literals).prop_map(|text| format!("'{text}'"));
    let property = one_of(&["t", "u"]);
    let folded =
        (one_of(&["CASEI", "ACCENTI", "lower", "upper", "trim"]), one_of(&["t", "u", "CASEI(t)", "ACCENTI(t)"]))
            .prop_map(|(function, text)| format!("{function}({text})"));
    let joined = (property.clone(), literal.clone()).prop_map(|(left, right)| format!("concat({left}, {right})"));
    prop_oneof![2 => property, 3 => literal, 3 => folded, 1 => joined].boxed()
}

fn any_time() -> BoxedStrategy<String> {
    let times = [
        "DATE('2020-01-01')",
        "TIMESTAMP('2020-01-01T00:00:00Z')",
        "TIMESTAMP('2019-12-31T23:30:00Z')",
        "DATE('2020-02-29')",
        "DATE('-0044-03-15')",
        "TIMESTAMP('-0043-03-15T12:00:00Z')",
        // Before PostgreSQL's calendar begins.
        "DATE('-9999-01-01')",
        "TIMESTAMP('-9999-01-01T00:00:00Z')",
        "TIMESTAMP('+12345-01-01T00:00:00Z')",
    ];
    prop_oneof![3 => one_of(&["d", "ts", "tz"]), 2 => one_of(&times)].boxed()
}

fn any_condition() -> BoxedStrategy<String> {
    let sign = || one_of(&["=", "<>", "<", "<=", ">", ">="]);
    let compared = |side: fn() -> BoxedStrategy<String>| {
        prop_oneof![
            4 => (side(), sign(), side()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            1 => (side(), side(), side()).prop_map(|(one, low, high)| format!("{one} BETWEEN {low} AND {high}")),
            1 => side().prop_map(|one| format!("{one} IS NULL")),
        ]
    };
    let numbers = ["0", "1", "-1", "0.1", "2.5", "70000", "9223372036854775807"];
    let listed = (any_number(), prop::collection::vec(one_of(&numbers), 1..4));
    let texts = (any_text(), prop::collection::vec(one_of(&["'a'", "'strasse'", "'kelvin'", "''", "'fin'"]), 1..3));
    let patterns = ["a%", "%a", "_", "str_%", "%ss%", "kel%", "i", "%", "fi_", "a\\\\%"];
    let leaf = prop_oneof![
        6 => compared(any_number),
        3 => compared(any_text),
        2 => compared(any_time),
        1 => (any_text(), one_of(&patterns)).prop_map(|(text, pattern)| format!("{text} LIKE '{pattern}'")),
        1 => listed.prop_map(|(number, list)| format!("{number} IN ({})", list.join(", "))),
        1 => (any_number(), one_of(&numbers), any_text(), one_of(&["A_OVERLAPS", "A_CONTAINS", "A_CONTAINEDBY", "A_EQUALS"]))
            .prop_map(|(number, other, text, relation)| format!("{relation}(({number}, {text}), ({other}, 'a'))")),
        1 => texts.prop_map(|(text, list)| format!("{text} IN ({})", list.join(", "))),
        1 => (one_of(&["d", "ts", "tz"]), sign(), -1i32..2022).prop_map(|(time, sign, year)| format!("year({time}) {sign} {year}")),
    ];
    let condition = leaf.prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("NOT ({one})")),
            (inner.clone(), one_of(&["", "NOT "])).prop_map(|(one, not)| format!("(({one}) IS {not}NULL)")),
            (inner.clone(), one_of(&["AND", "OR"]), inner)
                .prop_map(|(left, word, right)| format!("(({left}) {word} ({right}))")),
        ]
    });
    condition.boxed()
}

#[test]
fn conditions_on_odd_values_pass_what_the_evaluator_passes() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let (batch, schema) = (rows(&database), schema());
    database.sql("gis", "ALTER DATABASE gis SET log_statement = 'all'");
    let server = Server::start(&[&database.dsn()]);
    let layout = Layout { geometry: false, fields: (0..COLUMNS.len()).collect() };
    let asked = Cell::new(0);
    let cases = std::env::var("ODD_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(250);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let outcome = runner.run(&any_condition(), |condition| {
        let Ok(checked) =
            cql2::parse(&condition).map_err(|_| ()).and_then(|expr| check(&expr, &schema).map_err(|_| ()))
        else {
            return Ok(());
        };
        let passes = |expr: &Expr| {
            let predicate = Predicate::new(expr, &schema, &layout).unwrap();
            batch.rows().filter(|row| predicate.test(*row)).map(|row| row.value(0)).collect::<Vec<_>>()
        };
        let filter = percent_encoding::utf8_percent_encode(&condition, percent_encoding::NON_ALPHANUMERIC);
        let answer = server.get(&format!("/ogcapi/collections/odd/items?limit=1000&filter={filter}"));
        prop_assert_eq!(answer.status, 200, "{}: {}", condition, answer.excerpt());
        let page = answer.json();
        let features = page["features"].as_array().unwrap();
        let found: Vec<_> = features.iter().map(|feature| Value::Int(feature["id"].as_i64().unwrap())).collect();
        prop_assert_eq!(found, passes(&checked), "{}", &condition);
        // As one page among others, counted apart.
        let few = server.json(&format!("/ogcapi/collections/odd/items?limit=1&filter={filter}"));
        prop_assert_eq!(few["numberMatched"].as_u64(), Some(features.len() as u64), "{}", condition);
        asked.set(asked.get() + 1);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let asked = asked.get();
    let whole =
        database.log().lines().filter(|line| line.contains("\"odd\" AS t") && line.contains("LIMIT $")).count() / 2;
    assert!(asked > cases / 2 && whole > asked as usize / 4, "of {cases}, {asked} were asked and {whole} by SQL alone");
}
