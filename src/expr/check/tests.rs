//! What fits a layer, and what does not.

use super::*;
use crate::expr::cql2::parse;
use crate::expr::samples::{any_expr, schema};
use proptest::prelude::*;

fn checked(text: &str) -> Result<Expr, Misfit> {
    check(&parse(text).unwrap(), &schema())
}

#[test]
fn literals_take_the_type_of_their_property() {
    let day = "at < TIMESTAMP('2018-02-12T00:00:00Z')";
    for (text, same) in [
        ("count = 2.0", "count = 2"),
        ("2 < size", "2.0 < size"),
        ("count = 9007199254741005.0", "count = 9007199254741005"),
        ("count < 9007199254740996.0", "count < 9007199254740996"),
        ("count >= -9223372036854775808.0", "count >= -9223372036854775808"),
        ("count < 9223372036854775808", "count < 9.223372036854778e18"),
        ("size BETWEEN 1 AND 2.5", "size BETWEEN 1.0 AND 2.5"),
        ("size IN (1, 2)", "size IN (1.0, 2.0)"),
        ("day = '2018-02-12'", "day = DATE('2018-02-12')"),
        ("at < '2018-02-12'", day),
        ("at < '2018-02-12T'", day),
        ("at < DATE('2018-02-12')", day),
        ("at < '2018-02-12T01:00:00+01:00'", day),
        ("S_INTERSECTS(geometry, POINT(1 2))", "S_INTERSECTS(shape, POINT(1 2))"),
    ] {
        assert_eq!(checked(text), Ok(parse(same).unwrap()), "{text}");
    }
    for same in
        ["count = 1.5", "count > size", "name LIKE 'a' OR image IS NULL", "1 = 1", "day = at", "NOT open = TRUE"]
    {
        assert_eq!(checked(same), Ok(parse(same).unwrap()));
    }
    let split = checked("'2018-02-12' BETWEEN day AND at").unwrap();
    assert_eq!(split.to_string(), "DATE('2018-02-12') >= day AND TIMESTAMP('2018-02-12T00:00:00Z') <= at");
}

#[test]
fn a_geometry_may_be_missing() {
    let missing = Expr::NoGeometry("shape".to_owned());
    assert_eq!(checked("geometry IS NULL"), Ok(missing.clone()));
    let there = checked("shape IS NOT NULL").unwrap();
    assert_eq!(there, Expr::Not(Box::new(missing)));
    assert_eq!(there.to_string(), "shape IS NOT NULL");
}

#[test]
fn the_key_is_compared_as_an_id() {
    let ids = |ids: &[i64]| Expr::Ids(ids.iter().copied().map(FeatureId::Int).collect());
    assert_eq!(checked("fid = 3"), Ok(ids(&[3])));
    assert_eq!(checked("3 <> fid"), Ok(Expr::Not(Box::new(ids(&[3])))));
    assert_eq!(checked("fid IN (3, 4)"), Ok(ids(&[3, 4])));
    assert_eq!(checked("fid = 3.0"), Ok(ids(&[3])));
    assert_eq!(checked("fid IN (3, 3.5)"), Ok(ids(&[3])));
    assert_eq!(checked("fid <> 3.5"), Ok(Expr::Not(Box::new(ids(&[])))));
}

#[test]
fn the_key_is_a_number_among_others() {
    for same in ["fid > 3", "fid BETWEEN 3 AND 7", "fid % 2 = 0", "fid = count", "fid IS NULL", "abs(fid) < size"] {
        assert_eq!(checked(same), Ok(parse(same).unwrap()));
    }
    assert_eq!(checked("3.0 < fid"), checked("3 < fid"));
}

#[test]
fn one_and_zero_are_true_and_false() {
    assert_eq!(checked("open = 1"), checked("open = TRUE"));
    assert_eq!(checked("open <> 0"), checked("open <> FALSE"));
    assert_eq!(checked("open"), checked("open = TRUE"));
}

#[test]
fn a_list_is_no_text_and_no_interval_ends_before_it_starts() {
    for (text, message) in [
        ("tags = 'a'", "'tags' is a list or another JSON document"),
        ("tags IN ('a', 'b')", "A_CONTAINS"),
        ("tags > 5", "'tags' is a list"),
        ("T_DURING(at, INTERVAL('2020-01-01', '2019-01-01'))", "ends before it starts"),
        ("T_INTERSECTS(INTERVAL('2020-01-02', '2020-01-01T23:59:59Z'), at)", "ends before it starts"),
        ("T_DURING(day, at)", "at is an instant, and nothing lies within it"),
        ("T_CONTAINS(TIMESTAMP('2020-01-02T00:00:00Z'), at)", "nothing lies within it"),
    ] {
        let error = checked(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
    for text in [
        "tags = '[\"a\"]'",
        "tags LIKE '%a%'",
        "A_CONTAINS(tags, ('a'))",
        "T_DURING(at, INTERVAL('2019-01-01', '2019-01-01T12:00:00Z'))",
        "T_DURING(at, INTERVAL('2019-01-01T12:00:00Z', '2019-01-01'))",
        "T_DURING(at, INTERVAL('..', '2019-01-01'))",
        "T_DURING(at, DATE('2019-01-01'))",
        "T_CONTAINS(day, at)",
        "T_DURING(at, INTERVAL('2019-01-01', '..'))",
        "T_INTERSECTS(INTERVAL(day, at), INTERVAL('2019-01-01', '2019-01-01'))",
    ] {
        assert!(checked(text).is_ok(), "{text}: {:?}", checked(text));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (text, message) in [
        ("nmae = 'a'", "did you mean 'name'?"),
        ("Name = 'a'", "did you mean 'name'?"),
        ("zzz IS NULL", "there is no property 'zzz'"),
        ("zzz IN (1)", "there is no property 'zzz'"),
        ("count = 'a'", "'count' is a number, and cannot be compared with 'a'"),
        ("open = 2", "true or false"),
        ("name", "'name' is text"),
        ("name = 1 OR open = TRUE", "'name' is text"),
        ("name IN ('a', 2)", "'name' is text"),
        ("day = 'yesterday'", "'2018-02-12'"),
        ("at = 2018", "a time"),
        ("image = 'a'", "bytes"),
        ("name < count", "name and count cannot be compared"),
        ("1 = 'a'", "1 and 'a' cannot be compared"),
        ("count LIKE 'a'", "LIKE is for text"),
        ("count BETWEEN 1 AND 'a'", "'count' is a number"),
        ("fid = 'a'", "'fid' is a number"),
        ("fid > 'a'", "'fid' is a number"),
        ("fid IN (1, 'a')", "'fid' is a number"),
        ("fid LIKE '1%'", "LIKE is for text"),
        ("name = fid", "cannot be compared"),
        ("shape = 1", "S_INTERSECTS"),
        ("S_INTERSECTS(name, POINT(1 2))", "it is called 'shape'"),
    ] {
        let error = checked(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn what_is_checked_passes_again_and_names_only_what_there_is(expr in any_expr()) {
        if let Ok(checked) = check(&expr, &schema()) {
            prop_assert!(checked.fields(&schema()).is_ok());
            prop_assert_eq!(check(&checked, &schema()), Ok(checked));
        }
    }
}
