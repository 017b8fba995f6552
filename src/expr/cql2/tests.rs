//! The language as a whole.

use proptest::prelude::*;

use super::{Frame, parse, parse_json, to_json};
use crate::base::bbox::Bbox;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::expr::array::ArrayRelation;
use crate::expr::samples::any_expr;
use crate::expr::temporal::TimeRelation;
use crate::expr::{Comparison, Expr, GeometryLiteral, Operand, Relation};
use crate::model::geometry::wkt;
use crate::model::value::Value;

fn property(name: &str) -> Operand {
    Operand::Property(name.to_owned())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn read(text: &str) -> Expr {
    parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn each_predicate_is_read() {
    let at = Instant::parse("2018-02-12T23:20:50Z").unwrap();
    let compare = |name: &str, how, value| Expr::Compare(property(name), how, Operand::Literal(value));
    for (text, expected) in [
        ("a=1", Expr::equals("a", Value::Int(1))),
        ("a <> -1.50", compare("a", Comparison::NotEqual, Value::Float(-1.5))),
        ("\"a b\" >= 1e3", compare("a b", Comparison::GreaterOrEqual, Value::Float(1000.0))),
        ("a < +.5", compare("a", Comparison::Less, Value::Float(0.5))),
        ("a = -9223372036854775808", Expr::equals("a", Value::Int(i64::MIN))),
        ("a = 9223372036854775808", Expr::equals("a", Value::Float(9_223_372_036_854_775_808.0))),
        ("a = 'it''s'", Expr::equals("a", text("it's"))),
        ("a = true", Expr::equals("a", Value::Bool(true))),
        ("date = date('1970-01-02')", Expr::equals("date", Value::Date(Date(1)))),
        ("a > TIMESTAMP('2018-02-12T23:20:50Z')", compare("a", Comparison::Greater, Value::Instant(at))),
        ("1 < a", Expr::Compare(Operand::Literal(Value::Int(1)), Comparison::Less, property("a"))),
        ("a = b", Expr::Compare(property("a"), Comparison::Equal, property("b"))),
        ("a LIKE 'b%'", Expr::Like { operand: property("a"), pattern: "b%".to_owned() }),
        (
            "a between 1 and 2",
            Expr::Between(property("a"), Operand::Literal(Value::Int(1)), Operand::Literal(Value::Int(2))),
        ),
        ("a IN (1, 'b')", Expr::In(property("a"), vec![Value::Int(1), text("b")])),
        ("a is null", Expr::IsNull(property("a"))),
        ("a IS NOT NULL", Expr::Not(Box::new(Expr::IsNull(property("a"))))),
        ("TRUE", Expr::always()),
        ("false", Expr::never()),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
    assert_eq!(read("a IN (1, b)"), read("a = 1 OR a = b"));
    for (negated, plain) in
        [("a NOT LIKE 'b'", "a LIKE 'b'"), ("a NOT IN (1)", "a IN (1)"), ("a NOT BETWEEN 1 AND 2", "a BETWEEN 1 AND 2")]
    {
        assert_eq!(read(negated), Expr::Not(Box::new(read(plain))));
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_than_both() {
    assert_eq!(read("a=1 OR b=2 AND c=3"), Expr::Or(vec![read("a=1"), read("b=2 AND c=3")]));
    assert_eq!(read("(a=1 OR b=2) AND c=3"), Expr::And(vec![read("a=1 OR b=2"), read("c=3")]));
    assert_eq!(read("NOT a=1 AND b=2"), Expr::And(vec![Expr::Not(Box::new(read("a=1"))), read("b=2")]));
    assert_eq!(read("a BETWEEN 1 AND 2 AND b=3"), Expr::And(vec![read("a BETWEEN 1 AND 2"), read("b=3")]));
    assert_eq!(read("((a = 1))"), read("a=1"));
}

#[test]
fn geometries_are_read_as_what_they_are() {
    let spatial =
        |relation, geometry| Ok(Expr::Spatial { relation, property: "geom".to_owned(), geometry, distance: None });
    let boxed = |bbox: Bbox| GeometryLiteral::bbox(&bbox, Crs::Crs84);
    let unit = Bbox::new(1.0, 2.0, 3.0, 4.0);
    for (text, bbox) in [
        ("BBOX(1, 2, 3, 4)", unit),
        ("bbox(177, 2, -177, 4)", Bbox::new(177.0, 2.0, -177.0, 4.0)),
        ("BBOX(1,2,-5,3,4,5)", Bbox { z: Some((-5.0, 5.0)), ..unit }),
        ("POINT(1 -2.5)", Bbox::new(1.0, -2.5, 1.0, -2.5)),
        ("POLYGON((1 2, 3 2, 3 4, 1 4, 1 2))", unit),
    ] {
        assert_eq!(parse(&format!("S_INTERSECTS(geom, {text})")), spatial(Relation::Intersects, boxed(bbox)), "{text}");
        assert_eq!(parse(&format!("s_disjoint({text}, \"geom\")")), spatial(Relation::Disjoint, boxed(bbox)), "{text}");
    }
    for text in [
        "POLYGON((3 4,3 2,1 2,1 4,3 4))",
        "LINESTRING(1 2,1 4,3 4)",
        "MULTIPOINT((1 2),(3 4))",
        "POLYGON((0 0,9 0,0 9,0 0),(1 1,2 1,1 2,1 1))",
        "POINT Z(1 2 3)",
        "MULTILINESTRING((1 2,1 4))",
        "GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(LINESTRING(3 4,5 7)))",
    ] {
        let figure = wkt::parse(text).unwrap();
        let literal = || GeometryLiteral::new(&figure, Crs::Crs84);
        for (function, relation, turned) in [
            ("S_INTERSECTS", Relation::Intersects, Relation::Intersects),
            ("S_WITHIN", Relation::Within, Relation::Contains),
            ("S_CONTAINS", Relation::Contains, Relation::Within),
            ("S_TOUCHES", Relation::Touches, Relation::Touches),
            ("S_CROSSES", Relation::Crosses, Relation::Crosses),
            ("S_OVERLAPS", Relation::Overlaps, Relation::Overlaps),
            ("S_EQUALS", Relation::Equals, Relation::Equals),
        ] {
            assert_eq!(parse(&format!("{function}(geom, {text})")), spatial(relation, literal()), "{text}");
            assert_eq!(parse(&format!("{function}({text}, geom)")), spatial(turned, literal()), "{text}");
        }
    }
    let swapped = super::parse_in(
        "S_WITHIN(g, POINT(50 10)) OR S_WITHIN(g, BBOX(50,10,51,11))",
        Frame { crs: Crs::Epsg(4258), is_swapped: true },
    );
    assert_eq!(swapped.unwrap().to_string(), "S_WITHIN(g, POINT(10 50)) OR S_WITHIN(g, BBOX(10,50,11,51))");
}

#[test]
fn two_geometries_of_a_row_and_two_literals_are_related() {
    let names = Expr::Geometries("a".to_owned(), Relation::Within, "b".to_owned());
    assert_eq!(parse("S_WITHIN(a, b)"), Ok(names.clone()));
    let json = r#"{"op":"s_within","args":[{"property":"a"},{"property":"b"}]}"#;
    assert_eq!(parse_json(json, &Frame::default()), Ok(names));
    for (text, truth) in [
        ("S_INTERSECTS(POINT(1 1), POLYGON((0 0, 2 0, 2 2, 0 0)))", Expr::always()),
        ("S_WITHIN(POINT(1 1), BBOX(0, 0, 2, 2))", Expr::always()),
        ("S_CONTAINS(POINT(1 1), BBOX(0, 0, 2, 2))", Expr::never()),
        ("S_INTERSECTS(POINT(179 0), BBOX(170, -10, -170, 10))", Expr::always()),
        ("S_INTERSECTS(POINT Z(1 1 5), BBOX(0, 0, 4, 2, 2, 6))", Expr::always()),
        ("S_INTERSECTS(BBOX(0, 0, 4, 2, 2, 6), POINT Z(1 1 7))", Expr::never()),
        ("S_DISJOINT(BBOX(0, 0, 4, 2, 2, 6), BBOX(1, 1, 7, 2, 2, 8))", Expr::always()),
        ("S_CROSSES(LINESTRING(0 0, 2 2), LINESTRING(0 2, 2 0))", Expr::always()),
        ("S_DISJOINT(POINT EMPTY, POINT(0 0))", Expr::always()),
    ] {
        assert_eq!(parse(text), Ok(truth), "{text}");
    }
}

#[test]
fn calculations_bind_as_in_mathematics() {
    for (text, same) in [
        ("a + 1 * 2 = 3", "a + (1 * 2) = 3"),
        ("a - 1 - 2 < 3", "(a - 1) - 2 < 3"),
        ("(a - 1) * 2 ^ b >= c DIV 2 % 3", "(a - 1) * (2 ^ b) >= (c div 2) % 3"),
        ("a = -1 - -2", "a = (-1) - (-2)"),
        ("((a)) = ((1))", "a = 1"),
        ("(a + 1 = 2) AND (b) = (3)", "a + 1 = 2 AND b = 3"),
        ("a + 1 BETWEEN b - 1 AND b + 1 AND c = 1", "((a + 1) BETWEEN (b - 1) AND (b + 1)) AND (c = 1)"),
        ("a*2 IN (1+1, b)", "a * 2 = 1 + 1 OR a * 2 = b"),
        ("-a ^ 2 = 1", "(-a) ^ 2 = 1"),
        ("-a ^ 2 = 1", "(0 - a) ^ 2 = 1"),
        ("-5 ^ 2 = 25", "(-5) ^ 2 = 25"),
        ("-abs(a) ^ 2 * 3 = 1", "((0 - abs(a)) ^ 2) * 3 = 1"),
        ("2 ^ -a = 1", "2 ^ (0 - a) = 1"),
        ("-a * b = 1", "(0 - a) * b = 1"),
        ("a - -b = 1", "a - (0 - b) = 1"),
        ("-a div -b % 2 = 1", "((0 - a) div (0 - b)) % 2 = 1"),
        ("a * b ^ 2 / c div d % e = 1", "(((a * (b ^ 2)) / c) div d) % e = 1"),
        ("NOT a + 1 = 2 AND b = 3", "(NOT (a + 1 = 2)) AND b = 3"),
        ("NOT a BETWEEN -b AND b ^ 2 OR c = 1", "(NOT (a BETWEEN (0 - b) AND (b ^ 2))) OR c = 1"),
        ("abs(a) + round(b) > 1", "(abs(a)) + (ROUND(b)) > 1"),
    ] {
        assert_eq!(read(text), read(same), "{text}");
        assert_eq!(read(&read(text).to_string()), read(text), "{text}");
    }
}

#[test]
fn lists_have_members_of_every_kind() {
    for (text, json) in [
        ("A_CONTAINS((i, 5), (5))", r#"{"op":"a_contains","args":[[{"property":"i"},5],[5]]}"#),
        (
            "A_CONTAINEDBY((name), ('fine', 'x'))",
            r#"{"op":"a_containedby","args":[[{"property":"name"}],["fine","x"]]}"#,
        ),
        (
            "A_EQUALS((POINT(1 1)), (POINT(1 1)))",
            r#"{"op":"a_equals","args":[[{"type":"Point","coordinates":[1,1]}],[{"type":"Point","coordinates":[1.0,1.0]}]]}"#,
        ),
        (
            "A_OVERLAPS(((i, 'a'), ()), (abs(i), (i + 1) * 2, (i)))",
            r#"{"op":"a_overlaps","args":[[[{"property":"i"},"a"],[]],
                [{"op":"abs","args":[{"property":"i"}]},{"op":"*","args":[{"op":"+","args":[{"property":"i"},1]},2]},[{"property":"i"}]]]}"#,
        ),
        (
            "A_CONTAINS((INTERVAL('2018-02-12', '..'), '2018-02-12'), tags)",
            r#"{"op":"a_contains","args":[[{"interval":["2018-02-12",".."]},{"date":"2018-02-12"}],{"property":"tags"}]}"#,
        ),
    ] {
        assert_eq!(parse_json(json, &Frame::default()), Ok(read(text)), "{text}");
        assert_eq!(read(text).to_string(), text);
        let again = to_json(&read(text)).unwrap().to_string();
        assert_eq!(parse_json(&again, &Frame::default()), Ok(read(text)), "{again}");
    }
    assert_eq!(
        read("A_EQUALS((BBOX(0, 0, 1, 1)), (POINT(1 1)))"),
        read("A_EQUALS((POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))), (POINT(1 1)))")
    );
}

#[test]
fn is_null_takes_what_the_grammar_has() {
    let unknown = |text: &str| Expr::IsUnknown(Box::new(read(text)));
    for (text, json, expected) in [
        ("(i = 5) IS NULL", r#"{"op":"isNull","args":[{"op":"=","args":[{"property":"i"},5]}]}"#, unknown("i = 5")),
        (
            "(i = 5 OR NOT j > 1) IS NOT NULL",
            r#"{"op":"not","args":[{"op":"isNull","args":[{"op":"or","args":[{"op":"=","args":[{"property":"i"},5]},
                {"op":"not","args":[{"op":">","args":[{"property":"j"},1]}]}]}]}]}"#,
            Expr::Not(Box::new(unknown("i = 5 OR NOT j > 1"))),
        ),
        ("POINT(1 1) IS NULL", r#"{"op":"isNull","args":[{"type":"Point","coordinates":[1,1]}]}"#, Expr::never()),
        ("BBOX(0,0,1,1) IS NULL", r#"{"op":"isNull","args":[{"bbox":[0,0,1,1]}]}"#, Expr::never()),
        (
            "INTERVAL('..', '2020-01-01') IS NULL",
            r#"{"op":"isNull","args":[{"interval":["..","2020-01-01"]}]}"#,
            Expr::never(),
        ),
        (
            "INTERVAL(a, '2020-01-01') IS NULL",
            r#"{"op":"isNull","args":[{"interval":[{"property":"a"},"2020-01-01"]}]}"#,
            read("a IS NULL"),
        ),
        (
            "i + 1 IS NULL",
            r#"{"op":"isNull","args":[{"op":"+","args":[{"property":"i"},1]}]}"#,
            read("(i + 1) IS NULL"),
        ),
        (
            "abs(i) IS NULL",
            r#"{"op":"isNull","args":[{"op":"abs","args":[{"property":"i"}]}]}"#,
            read("(abs(i)) IS NULL"),
        ),
    ] {
        assert_eq!(parse(text), Ok(expected.clone()), "{text}");
        assert_eq!(parse_json(json, &Frame::default()), Ok(expected), "{json}");
    }
    assert_eq!(read("POINT EMPTY IS NOT NULL"), Expr::Not(Box::new(Expr::never())));
    assert_eq!(read("INTERVAL(a, b) IS NULL AND c = 1"), read("(a IS NULL OR b IS NULL) AND c = 1"));
    assert_eq!(read("i = 5 IS NULL"), read("(i = 5) IS NULL"));
    assert_eq!(read("NOT S_WITHIN(g, POINT(1 2)) IS NULL"), Expr::Not(Box::new(unknown("S_WITHIN(g, POINT(1 2))"))));
    assert_eq!(read("a = 1 AND (b = 2) IS NULL OR c = 3"), read("(a = 1 AND ((b = 2) IS NULL)) OR c = 3"));
}

#[test]
fn each_function_of_the_standard_is_read() {
    for (text, written) in [
        ("casei(a) = CaseI('Straße')", "CASEI(a) = CASEI('Straße')"),
        ("CASEI(ACCENTI(a)) LIKE CASEI(accenti('É%'))", "CASEI(ACCENTI(a)) LIKE 'e%'"),
        ("CASEI(a) IN (casei('A'), casei('B'))", "CASEI(a) = CASEI('A') OR CASEI(a) = CASEI('B')"),
        ("T_AFTER(a, DATE('2018-02-12'))", "T_AFTER(a, DATE('2018-02-12'))"),
        ("T_DURING(a, INTERVAL('2018-02-12', '..'))", "T_DURING(a, INTERVAL('2018-02-12', '..'))"),
        (
            "t_meets(INTERVAL(a, b), INTERVAL('..', TIMESTAMP('2018-02-12T00:00:00Z')))",
            "T_MEETS(INTERVAL(a, b), INTERVAL('..', '2018-02-12T00:00:00Z'))",
        ),
        ("A_CONTAINS(a, ('x', 1, 1.5, TRUE, ('y')))", "A_CONTAINS(a, ('x', 1, 1.5, TRUE, ('y')))"),
        ("A_EQUALS((), a)", "A_EQUALS((), a)"),
        ("A_CONTAINEDBY(\"a b\", (DATE('2018-02-12')))", "A_CONTAINEDBY(\"a b\", ('2018-02-12'))"),
        ("year(at) = 2018 AND length(trim(name)) > 3", "year(at) = 2018 AND length(trim(name)) > 3"),
    ] {
        assert_eq!(read(text).to_string(), written, "{text}");
        assert_eq!(read(written), read(text));
    }
    for (relation, name) in TimeRelation::ALL {
        let one = if relation.is_of_intervals() { "INTERVAL(a, '..')" } else { "a" };
        let text = format!("{name}({one}, INTERVAL(b, '2018-02-12T00:00:00Z'))");
        assert_eq!(read(&text).to_string(), text);
    }
    for (_, name) in ArrayRelation::ALL {
        let text = format!("{name}(a, b)");
        assert_eq!(read(&text).to_string(), text);
    }
}

#[test]
fn what_clients_send_beyond_the_standard_is_read() {
    for (text, standard) in [
        ("a", "a = TRUE"),
        ("(NOT (a)) AND b", "NOT (a = TRUE) AND b = TRUE"),
        ("a IS TRUE", "a IS NOT NULL AND a = TRUE"),
        ("a IS NOT FALSE OR b", "NOT (a IS NOT NULL AND a = FALSE) OR b = TRUE"),
        ("a = ( - (5))", "a = 0 - 5"),
        ("a > -b ^ 2 + 1", "a > (0 - b) ^ 2 + 1"),
        ("-(a + 1) * -b = 1", "(0 - (a + 1)) * (0 - b) = 1"),
        ("-(-a) = 1", "0 - (0 - a) = 1"),
    ] {
        assert_eq!(read(text), read(standard), "{text}");
    }
}

#[test]
fn faults_say_where_and_what() {
    for (text, column, message) in [
        ("", 1, "empty"),
        ("  ", 3, "empty"),
        ("1", 2, "expected = <>"),
        ("a b", 3, "expected = <>"),
        ("a =", 4, "found the end"),
        ("a = 1 b = 2", 7, "expected AND, OR or the end, found 'b'"),
        ("a => 1", 4, "found '>'"),
        ("a = 1 AND", 10, "found the end"),
        ("(a = 1", 7, "expected ')'"),
        ("a = 1)", 6, "expected AND, OR or the end"),
        ("a = NULL", 5, "IS NULL"),
        ("a IS 1", 6, "NULL or NOT NULL"),
        ("like = 1", 1, "\"like\""),
        ("a NOT = 1", 7, "LIKE, BETWEEN or IN"),
        ("a BETWEEN 1", 12, "upper bound"),
        ("a LIKE b", 8, "pattern"),
        ("a IN ()", 7, "a value"),
        ("a IN (1", 8, "')'"),
        ("a + = 2", 5, "a property or a value"),
        ("a + 1", 6, "expected = <>"),
        ("(a = 1) + 2 = 3", 9, "expected AND, OR or the end"),
        ("(a = 1) = TRUE", 9, "expected AND, OR or the end"),
        ("1 + (a = 1) = 2", 5, "a value is needed"),
        ("lower(a, b) = 'c'", 1, "1 arguments"),
        ("lowr(a) = 'c'", 1, "did you mean lower?"),
        ("a LIKE CASEI(b)", 14, "pattern"),
        ("T_AFTER(a)", 10, "','"),
        ("T_MEETS(INTERVAL(a, b), c)", 25, "here an interval is needed, not a single time"),
        ("a = 1 AND T_STARTS(TIMESTAMP('2018-02-12T00:00:00Z'), INTERVAL(a, b))", 20, "write it as in INTERVAL("),
        ("T_AFTER(a, INTERVAL('2018', '..'))", 21, "'2018' is not a time"),
        ("a = INTERVAL('..', '..')", 5, "temporal predicate or a list only"),
        ("a = POINT(1 2)", 5, "spatial predicate or a list only"),
        ("A_CONTAINS(a, (INTERVAL(b, '..')))", 16, "literal ends"),
        ("A_CONTAINS(a, (b = 1))", 18, "expected ','"),
        ("(a = 1) IS 2", 12, "NULL or NOT NULL"),
        ("POINT(1 2) IS NOT", 18, "NULL"),
        ("A_CONTAINS(a, 1)", 15, "a list"),
        ("a = 1e999", 5, "too large"),
        ("a = 9007199254741004.5", 5, "more digits than can be compared"),
        ("a = DATE('2018-02-30')", 10, "is not a day"),
        ("a = TIMESTAMP('2018-02-12')", 15, "23:20:50Z"),
        ("a = DATE(2018)", 10, "DATE('2018-02-12')"),
        ("a = S_INTERSECTS(a, POINT(1 2))", 5, "a value is needed, not a condition"),
        ("S_INTERSECT(a, POINT(1 2))", 1, "did you mean S_INTERSECTS?"),
        ("S_WITHIN(POINT(1 2), BBOX(1, 2, 0, 3, 4, 9))", 1, "takes a BBOX of four numbers"),
        ("S_INTERSECTS(a, BBOX(1, 2, 3))", 17, "4 numbers"),
        ("S_INTERSECTS(a, BBOX(1, 4, 3, 2))", 17, "north"),
        ("S_INTERSECTS(a, POLYGON((1 2, 3 2, 3 4, 1 1)))", 17, "ends where it starts"),
        ("S_INTERSECTS(a, LINESTRING(1 2))", 17, "two positions"),
        ("S_INTERSECTS(a, POINT(1 x))", 25, "a number"),
        ("S_TOUCHES(a, BBOX(1,2,3,4,5,6))", 1, "flat"),
        ("S_INTERSECTS(a, CIRCLE(1 2))", 17, "there are POINT"),
        ("größe = 'a' AND ? = 1", 17, "no meaning"),
    ] {
        let fault = parse(text).unwrap_err();
        assert!(fault.to_string().contains(message), "{text}: {fault}");
        assert_eq!(fault.column, column, "{text}: {fault}");
        assert!(text.is_char_boundary(fault.position));
    }
}

#[test]
fn quotes_and_backslashes_that_are_doubled_keep_every_text_within_them() {
    for hostile in ["' OR TRUE OR a = '", "\\' OR TRUE --", "\\", "''", "\\'"] {
        let filter = format!("a = '{}'", hostile.replace('\\', "\\\\").replace('\'', "''"));
        assert_eq!(parse(&filter), Ok(Expr::equals("a", text(hostile))));
    }
}

#[test]
fn what_has_no_text_is_written_as_nothing_that_reads() {
    use crate::model::value::FeatureId;
    for expr in [
        Expr::Ids(vec![FeatureId::Int(1), FeatureId::Text("a".to_owned())]),
        Expr::Bbox { rects: Bbox::new(1.0, 2.0, 3.0, 4.0).rectangles(), z: None, crs: Crs::Crs84 },
        Expr::During("2018-02-12/..".parse().unwrap()),
        Expr::equals("a", Value::Null),
        Expr::equals("a", Value::Float(f64::NAN)),
        Expr::equals("a", Value::Float(f64::INFINITY)),
    ] {
        assert!(parse(&expr.to_string()).is_err(), "{expr}");
    }
    assert_eq!(Expr::And(vec![Expr::Or(vec![read("a=1"), read("b=2")])]).to_string(), "a = 1 OR b = 2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_as_json_is_read(expr in any_expr()) {
        let json = to_json(&expr).unwrap().to_string();
        let same = parse_json(&json, &Frame::default());
        prop_assert_eq!(same.map(|expr| expr.to_string()), Ok(expr.to_string()), "{}", json);
    }

    #[test]
    fn no_json_panics(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", "\"op\":", "\"args\":", "\"and\"", "\"=\"", "\"property\":", "\"a\"", "1", ",", "null", "\"bbox\":",
        "\"type\":", "\"Point\"", "\"coordinates\":", "\"s_within\"", "\"interval\":", "true", "\"in\"",
    ]), 0..16)) {
        let _ = parse_json(&words.concat(), &Frame::default());
    }

    #[test]
    fn what_is_written_is_read(expr in any_expr()) {
        let text = expr.to_string();
        prop_assert_eq!(parse(&text), Ok(expr), "{}", text);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = parse(&text).map_err(|fault| fault.to_string());
    }

    #[test]
    fn no_heap_of_words_panics(words in prop::collection::vec(prop::sample::select(vec![
        "a", "\"b\"", "'c'", "1", "-2.5e3", "AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "TRUE", "(", ")", ",",
        "=", "<>", "<=", "-", "DATE('2018-02-12')", "TIMESTAMP(", "S_INTERSECTS(", "S_WITHIN(", "BBOX(1,2,3,4)", "POINT",
        "POLYGON((", "GEOMETRYCOLLECTION(", "MULTIPOINT(", "1 2", "T_DURING(", "INTERVAL(", "'..'", "A_CONTAINS(", "CASEI(", "+", "*", "%", "div",
        "lower(", "IS NULL", "POINT(1 2)", "a = 1", "a IN (1)", "a LIKE 'b'",
    ]), 0..16)) {
        let text = words.join(" ");
        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&expr.to_string()), Ok(expr)),
            Err(fault) => prop_assert!(fault.position <= text.len() && text.is_char_boundary(fault.position)),
        }
    }
}
