//! Rows put to the test.

use super::*;
use crate::model::schema::{Field, FieldKind, TimeFields};

fn schema() -> Schema {
    Schema {
        fields: vec![Field::new("n", FieldKind::Integer), Field::new("at", FieldKind::DateTime)],
        key: ("fid".to_owned(), KeyKind::Integer),
        geometry: None,
        time: Some(TimeFields { start: 1, end: None }),
    }
}

fn passes(expr: &Expr, number: Cell, at: Cell) -> bool {
    let layout = Layout { geometry: false, fields: vec![0, 1] };
    let mut batch = Batch::new(3);
    for cell in [Cell::Int(1), number, at] {
        batch.push(cell);
    }
    Predicate::new(expr, &schema(), &layout).unwrap().test(batch.row(0))
}

#[test]
fn null_is_neither_equal_nor_unequal() {
    let equal = Expr::equals("n", Value::Int(1));
    assert!(passes(&equal, Cell::Int(1), Cell::Null));
    assert!(!passes(&equal, Cell::Null, Cell::Null));
    assert!(!passes(&Expr::Not(Box::new(equal)), Cell::Null, Cell::Null));
}

#[test]
fn a_feature_without_a_time_passes() {
    let during = Expr::During("2018-01-01T00:00:00Z/2019-01-01T00:00:00Z".parse().unwrap());
    assert!(passes(&during, Cell::Null, Cell::Null));
    assert!(passes(&during, Cell::Null, Cell::Instant(Instant::parse("2018-06-01T00:00:00Z").unwrap())));
    assert!(!passes(&during, Cell::Null, Cell::Instant(Instant::parse("2020-06-01T00:00:00Z").unwrap())));
}

#[test]
fn an_unknown_name_is_refused() {
    let layout = Layout { geometry: false, fields: vec![0] };
    assert!(Predicate::new(&Expr::equals("m", Value::Null), &schema(), &layout).is_err());
}

/// True, false or unknown, for a row with this number and no time.
fn truth(text: &str, number: Cell) -> Option<bool> {
    let expr = crate::expr::cql2::parse(text).unwrap();
    let passes = |expr: &Expr| passes(expr, number, Cell::Null);
    match (passes(&expr), passes(&Expr::Not(Box::new(expr.clone())))) {
        (false, false) => None,
        (truth, negated) => {
            assert_ne!(truth, negated, "{text}");
            Some(truth)
        }
    }
}

#[test]
fn made_lists_and_unknown_conditions_are_tested_row_by_row() {
    let field = |name: &str, kind| Field::new(name, kind);
    let schema = Schema {
        fields: vec![field("n", FieldKind::Integer), field("name", FieldKind::String), field("tags", FieldKind::Json)],
        ..schema()
    };
    let layout = Layout { geometry: false, fields: vec![0, 1, 2] };
    let mut rows = Batch::new(4);
    for (n, name, tags) in
        [(Some(5), Some("fine"), r#"["a", {"type": "Point", "coordinates": [1, 2]}]"#), (None, None, "5")]
    {
        rows.push(Cell::Int(1));
        rows.push(n.map_or(Cell::Null, Cell::Int));
        match name {
            Some(name) => rows.push_text(name),
            None => rows.push(Cell::Null),
        }
        rows.push_text(tags);
    }
    let truth = |text: &str, row: usize| {
        let expr = crate::expr::check(&crate::expr::cql2::parse(text).unwrap(), &schema).unwrap();
        Node::new(&expr, &schema, &layout).unwrap().test(rows.row(row))
    };
    for (text, expected) in [
        ("A_CONTAINS((n, 6), (5))", [Some(true), None]),
        ("A_CONTAINEDBY((name), ('fine', 'x'))", [Some(true), None]),
        ("NOT A_CONTAINEDBY((name), ('x'))", [Some(true), None]),
        ("A_EQUALS((POINT(1 1)), (POINT(1 1)))", [Some(true), Some(true)]),
        ("A_EQUALS((POINT(1 1)), (POINT(1 2)))", [Some(false), Some(false)]),
        ("A_OVERLAPS((n - 3, abs(-7)), (2))", [Some(true), None]),
        ("A_CONTAINS(tags, (POINT(1 2)))", [Some(true), None]),
        ("A_CONTAINS((tags, 1), (('a', POINT(1 2))))", [Some(true), Some(false)]),
        ("A_CONTAINS((tags, 1), (5))", [Some(false), Some(true)]),
        ("A_EQUALS(((n, name)), ((5, 'fine')))", [Some(true), None]),
        ("(n = 5) IS NULL", [Some(false), Some(true)]),
        ("(n = 4) IS NOT NULL", [Some(true), Some(false)]),
        ("(n = 5 OR TRUE) IS NULL", [Some(false), Some(false)]),
        ("((n = 5) IS NULL) IS NULL", [Some(false), Some(false)]),
        ("INTERVAL('..', '2020-01-01') IS NULL", [Some(false), Some(false)]),
    ] {
        assert_eq!([truth(text, 0), truth(text, 1)], expected, "{text}");
    }
}

#[test]
fn unknown_is_told_from_false() {
    for (text, of_three, of_null) in [
        ("n IN (1, 3)", Some(true), None),
        ("n IN (1, 2)", Some(false), None),
        ("n IN (1, 'a')", None, None),
        ("n IN (3, 'a')", Some(true), None),
        ("n BETWEEN 1 AND 3", Some(true), None),
        ("n BETWEEN 4 AND 1", Some(false), None),
        ("n BETWEEN 4 AND 'a'", Some(false), None),
        ("n BETWEEN 1 AND 'a'", None, None),
        ("n LIKE '3'", None, None),
        ("n IS NULL", Some(false), Some(true)),
        ("TRUE", Some(true), Some(true)),
        ("FALSE", Some(false), Some(false)),
        ("n = 3 OR at = n", Some(true), None),
        ("n = 4 AND at = n", Some(false), None),
        ("'abc' LIKE 'a%'", Some(true), Some(true)),
    ] {
        assert_eq!(truth(text, Cell::Int(3)), of_three, "{text}");
        assert_eq!(truth(text, Cell::Null), of_null, "{text}");
    }
    for text in ["n = n", "n <> 1", "n IN (1)", "n BETWEEN 0 AND 1"] {
        assert_eq!(truth(text, Cell::Float(f64::NAN)), None, "{text}");
    }
    assert_eq!(truth("n IS NULL", Cell::Float(f64::NAN)), Some(true));
    assert_eq!(truth("n IS NULL", Cell::Float(f64::INFINITY)), Some(false));
}
