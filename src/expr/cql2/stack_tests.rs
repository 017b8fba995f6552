//! Texts that are nested deeply, or are long.

use super::{DEEPEST, LONGEST, parse};
use crate::base::stack::STACK;

#[test]
fn no_depth_and_no_length_exhausts_the_stack() {
    let nested =
        |open: &str, levels: usize, close: &str| format!("{}a = 1{}", open.repeat(levels), close.repeat(levels));
    let read = move || {
        for (open, close) in [
            ("((", ") IS NULL)"),
            ("(", ")"),
            ("NOT ", ""),
            ("NOT (", ")"),
            ("(a = 2 OR ", ")"),
            ("((b = 1) AND ", ")"),
        ] {
            for levels in [1000, 10_000, 100_000] {
                assert!(parse(&nested(open, levels, close)).is_err());
            }
            let per_level = if matches!(open, "NOT (" | "((") { 2 } else { 1 };
            let deepest = nested(open, (DEEPEST - 1) / per_level, close);
            let expr = parse(&deepest).unwrap();
            assert_eq!(parse(&expr.to_string()).unwrap(), expr);
        }
        for row in ["+ 1 ", "* (2 ", "^ abs(", "/ ((1) "] {
            let _ = parse(&format!("a {}", row.repeat(10_000)));
            let sums = "(".repeat(90) + "a" + &"+ 1) ".repeat(90) + "= 2";
            let expr = parse(&sums).unwrap();
            assert_eq!(parse(&expr.to_string()).unwrap(), expr);
        }
        assert!(parse(&format!("a {} = 1", "+ 1 ".repeat(1000))).unwrap_err().message.contains("calculations"));
        for tests in [" IS NULL", " IS NOT NULL"] {
            assert!(parse(&format!("a = 1{}", tests.repeat(4000))).unwrap_err().hint.is_some());
            assert!(parse(&format!("a{tests}{tests}")).is_err());
            let expr = parse(&nested("(", DEEPEST, &format!("){tests}"))).unwrap();
            assert_eq!(parse(&expr.to_string()).unwrap(), expr);
            assert!(parse(&nested("(", DEEPEST + 1, &format!("){tests}"))).is_err());
        }
        let collections = "GEOMETRYCOLLECTION(".repeat(3000);
        assert!(parse(&format!("S_INTERSECTS(a, {collections}")).unwrap_err().message.contains("deeper"));
        assert!(parse(&"(".repeat(LONGEST)).unwrap_err().message.contains("deeper"));
        assert!(parse(&" ".repeat(LONGEST + 1)).unwrap_err().message.contains("longer"));
    };
    std::thread::Builder::new().stack_size(STACK / 2).spawn(read).unwrap().join().unwrap();
}

#[test]
fn no_row_of_two_words_exhausts_the_stack() {
    const WORDS: [&str; 38] = [
        "a",
        "1",
        "'x'",
        "TRUE",
        "NULL",
        "(",
        ")",
        ",",
        "=",
        "<",
        "+",
        "-",
        "*",
        "/",
        "^",
        "%",
        "AND",
        "OR",
        "NOT",
        "IS NULL",
        "IS NOT NULL",
        "IS TRUE",
        "LIKE",
        "'%'",
        "BETWEEN",
        "IN",
        "IN (1)",
        "DIV",
        "CASEI(",
        "abs(",
        "a = 1",
        "(a = 1)",
        "S_EQUALS(",
        "POINT(1 2)",
        "INTERVAL(",
        "DATE('2020-01-01')",
        "A_EQUALS((",
        "GEOMETRYCOLLECTION(",
    ];
    let read = || {
        for (one, other) in WORDS.iter().flat_map(|one| WORDS.map(|other| (*one, other))) {
            let row = format!("{one} {other} ").repeat(400);
            for (start, end) in [("", ""), ("a = 1 ", ""), ("a ", " = 1"), ("NOT (", ")")] {
                if let Ok(expr) = parse(&format!("{start}{row}{end}")) {
                    drop(expr.to_string());
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(STACK / 2).spawn(read).unwrap().join().unwrap();
}
