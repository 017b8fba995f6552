//! The JSON form.

use super::{DEEPEST, Frame, LONGEST_JSON, parse, parse_json};
use crate::base::stack::STACK;
use crate::model::geometry::figure;

#[test]
fn the_json_form_nests_as_deep_as_is_told() {
    let leaf = r#"{"op":"=","args":[{"property":"a"},"]}["]}"#;
    let nested =
        move |open: &str, levels: usize, close: &str| format!("{}{leaf}{}", open.repeat(levels), close.repeat(levels));
    let read = move || {
        for (open, close) in [
            (r#"{"op":"not","args":["#, "]}"),
            (r#"{"op":"or","args":[true,"#, "]}"),
            (r#"{"op":"and","args":["#, ",true]}"),
            (r#"{"op":"NOT","args":["#, "]}"),
            (r#"{"op":"isNull","args":["#, "]}"),
        ] {
            for levels in [1, 30, DEEPEST] {
                let expr = parse_json(&nested(open, levels, close), &Frame::default()).unwrap();
                assert!(expr.to_string().contains("a = ']}['"));
            }
            for levels in [DEEPEST + 1, 127, 128, 1000, 30_000] {
                let fault = parse_json(&nested(open, levels, close), &Frame::default()).unwrap_err();
                assert!(fault.to_string().contains("deeper than 100 levels"), "{levels}: {fault}");
            }
        }
        let (open, close) = (r#"{"op":"+","args":[1,"#, "]}");
        let sum = |levels| format!(r#"{{"op":"=","args":[1,{}1{}]}}"#, open.repeat(levels), close.repeat(levels));
        assert!(parse_json(&sum(DEEPEST - 1), &Frame::default()).is_ok());
        assert!(parse_json(&sum(DEEPEST + 1), &Frame::default()).unwrap_err().to_string().contains("deeper"));
        // The deepest geometry in the deepest condition.
        let (geometries, ends) = (r#"{"type":"GeometryCollection","geometries":["#, "]}");
        let collection = |levels| {
            let point = r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[0,1],[0,0]]]]}"#;
            format!("{}{point}{}", geometries.repeat(levels), ends.repeat(levels))
        };
        let within = format!(r#"{{"op":"s_within","args":[{{"property":"g"}},{}]}}"#, collection(figure::DEEPEST));
        let (open, close) = (r#"{"op":"not","args":["#, "]}");
        let deepest = |inner: &str| format!("{}{inner}{}", open.repeat(DEEPEST), close.repeat(DEEPEST));
        assert!(parse_json(&deepest(&within), &Frame::default()).is_ok());
        let beyond = within.replace(&collection(figure::DEEPEST), &collection(figure::DEEPEST + 1));
        assert!(parse_json(&beyond, &Frame::default()).unwrap_err().to_string().contains("nest deeper than"));
        for inner in [&beyond, &within.replace("[0,0]", "[[[[[[[[[[0,0]]]]]]]]]]")] {
            assert!(parse_json(&deepest(inner), &Frame::default()).is_err());
        }
        for open in ["[", "{\"a\":", r#"{"op":"not","args":["#] {
            let fault =
                parse_json(&open.repeat(100_000.min(LONGEST_JSON / open.len())), &Frame::default()).unwrap_err();
            assert!(fault.to_string().contains("deeper than 100 levels"), "{fault}");
        }
    };
    std::thread::Builder::new().stack_size(STACK / 2).spawn(read).unwrap().join().unwrap();
}

#[test]
fn the_json_form_is_read() {
    let read = |json: &str| parse_json(json, &Frame::default()).map(|expr| expr.to_string());
    for (json, text) in [
        (r#"{"op":"=","args":[{"property":"a"},1]}"#, "a = 1"),
        (
            r#"{"op":"and","args":[{"op":">","args":[{"property":"a"},1.5]},{"op":"not","args":[true]}]}"#,
            "a > 1.5 AND NOT TRUE",
        ),
        (
            r#"{"op":"like","args":[{"op":"casei","args":[{"property":"a"}]},{"op":"casei","args":["FOO%"]}]}"#,
            "CASEI(a) LIKE 'foo%'",
        ),
        (r#"{"op":"between","args":[{"property":"a"},1,10]}"#, "a BETWEEN 1 AND 10"),
        (r#"{"op":"in","args":[{"property":"a"},["x","y"]]}"#, "a IN ('x', 'y')"),
        (r#"{"op":"=","args":[{"property":"a"},1e+17]}"#, "a = 1e17"),
        (r#"{"op":"isNull","args":[{"property":"a"}]}"#, "a IS NULL"),
        (r#"{"op":"s_intersects","args":[{"property":"g"},{"bbox":[1,2,3,4]}]}"#, "S_INTERSECTS(g, BBOX(1,2,3,4))"),
        (
            r#"{"op":"s_within","args":[{"type":"Point","coordinates":[1,2]},{"property":"g"}]}"#,
            "S_CONTAINS(g, POINT(1 2))",
        ),
        (
            r#"{"op":"t_during","args":[{"property":"a"},{"interval":["2018-02-12",".."]}]}"#,
            "T_DURING(a, INTERVAL('2018-02-12', '..'))",
        ),
        (r#"{"op":"t_after","args":[{"property":"a"},{"date":"2018-02-12"}]}"#, "T_AFTER(a, DATE('2018-02-12'))"),
        (
            r#"{"op":"t_meets","args":[{"interval":[{"property":"a"},{"property":"b"}]},{"interval":["..","2018-02-12T00:00:00Z"]}]}"#,
            "T_MEETS(INTERVAL(a, b), INTERVAL('..', '2018-02-12T00:00:00Z'))",
        ),
        (r#"{"op":"a_contains","args":[{"property":"a"},["x",1,[true]]]}"#, "A_CONTAINS(a, ('x', 1, (TRUE)))"),
        (
            r#"{"op":">","args":[{"op":"+","args":[{"property":"a"},{"op":"*","args":[2,{"property":"b"}]}]},{"op":"abs","args":[-3]}]}"#,
            "a + (2 * b) > abs(-3)",
        ),
    ] {
        assert_eq!(read(json).unwrap(), text, "{json}");
    }
    for (json, message) in [
        ("", "not JSON (at character 1)"),
        ("{\"op\":\n 1x}", "not JSON (at character 10)"),
        ("1", "an object with 'op'"),
        (r#"{"op":"="}"#, "no array 'args'"),
        (r#"{"op":"=","args":[1]}"#, "2 arguments, and is given 1"),
        (r#"{"op":"and","args":[true,{"op":"=","args":[1,null]}]}"#, "(at /args/1/args/1)"),
        (r#"{"op":"s_intersect","args":[1,2]}"#, "(at the root): did you mean \"s_intersects\"?"),
        (r#"{"op":"eq","args":[1,2]}"#, "there is no condition 'eq' (at the root): did you mean \"=\"?"),
        (r#"{"op":"not","args":[{"op":"gte","args":[1,2]}]}"#, "(at /args/0): did you mean \">=\"?"),
        (r#"{"op":"s_foo","args":[1,2]}"#, "(at the root): there are = <>"),
        (r#"{"op":"="}"#, "(at the root): write it as in {\"op\""),
        (r#"{"op":"s_within","args":[{"property":"g"},{"type":"Circle"}]}"#, "'Circle' is no geometry"),
        (r#"{"op":"=","args":[{"op":"exec","args":[]},1]}"#, "no function 'exec'"),
        (
            r#"{"op":"=","args":["-1.5e",9007199254741004.5]}"#,
            "more digits than can be compared: numbers have 15 for sure (at character 27)",
        ),
        (r#"{"op":"=","args":[1.5,9007199254741005.0]}"#, "more digits than can be compared"),
        (r#"{"op":"=","args":[{"date":"2018-02-30"},1]}"#, "not a day (at /args/0)"),
        (r#"{"op":"like","args":[{"property":"a"},1]}"#, "a text (at /args/1)"),
        (
            r#"{"op":"=","op":"<","args":[{"property":"a"},1]}"#,
            "the name \"op\" stands twice in an object (at character 14)",
        ),
        (r#"{"op":"not","args":[{"op":"=","args":[1,1],"args":[1,2]}]}"#, "the name \"args\" stands twice"),
        (
            r#"{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":[1,2],"coordinates":[2,1]}]}"#,
            "twice",
        ),
    ] {
        let fault = read(json).unwrap_err().to_string();
        assert!(fault.contains(message), "{json}: {fault}");
    }
    let deep = format!("{}true{}", r#"{"op":"not","args":["#.repeat(5000), "]}".repeat(5000));
    assert!(read(&deep).is_err());
    let deep = format!("{}true{}", r#"{"op":"not","args":["#.repeat(100), "]}".repeat(100));
    assert!(read(&deep).is_ok());
}

#[test]
fn a_property_that_is_true_or_false_did_not_stand_alone() {
    for (json, text) in [
        (r#"{"property":"b"}"#, "b"),
        (r#"{"op":"and","args":[{"property":"b"},{"op":"not","args":[{"property":"c"}]}]}"#, "b AND NOT c"),
    ] {
        assert_eq!(parse_json(json, &Frame::default()), Ok(parse(text).unwrap()), "{json}");
    }
}
