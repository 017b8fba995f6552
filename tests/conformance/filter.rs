//! Filters (Part 3): their parameters, how they go with others, and what is refused.

use serde_json::{Value, json};

use super::Check;
use super::cql2::condition::{Condition, Term, property};
use super::cql2::datum::{Datum, Verdict};
use super::cql2::{agree, compare};
use super::crs::{bounds, has_what_meets, judged, listed, part};
use super::items::{check_form, declared};
use super::kit::{Checked, Collection, GEOJSON, Kit, encoded, features, id_of, skip, with};
use super::known::{Type, read};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    (
        "/req/filter/filter-param",
        "filter, filter-lang and filter-crs are declared as the standard has them",
        declarations,
    ),
    ("/req/filter/filter-lang-param", "a filter without filter-lang is in the default language", default_language),
    ("/req/filter/filter-crs-param", "coordinates of a filter are in the system that filter-crs names", filter_crs),
    ("/req/filter/mixing-expressions", "a filter goes with bbox and properties by AND, and through pages", mixing),
    ("/req/features-filter/response", "a bad filter, language or system is 400", refusals),
    ("/req/cql2-text/escaping", "quotes within text, and names in quotes", escaping),
    ("/req/queryables-query-parameters", "each plain queryable is a parameter, and filters", query_parameters),
    ("/req/filter/get-functions-response", "functions are listed with arguments and results", list_of_functions),
];

const CLASS: &str = "ogcapi-features-3/1.0/conf/features-filter";

fn declarations(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    for name in ["filter", "filter-lang"] {
        for (path, parameter) in declared(kit, name)? {
            check_form(&path, &parameter)?;
            ensure!(parameter["schema"]["type"] == "string", "{path}: {name} is {}", parameter["schema"]);
            if name == "filter-lang" {
                let schema = &parameter["schema"];
                let (all, default) = (schema["enum"].as_array().cloned().unwrap_or_default(), &schema["default"]);
                ensure!(all.contains(default), "{path}: filter-lang is {schema}");
                for class in ["cql2-text", "cql2-json"] {
                    let offers = all.iter().any(|language| language == class);
                    let declares = kit.declares(&format!("cql2/1.0/conf/{class}"))?;
                    ensure!(offers == declares, "{path}: {class}: declared {declares}, offered {offers}");
                }
            }
        }
    }
    Ok(())
}

/// A collection that has a number or a text, and a condition that some of its features meet.
fn simple(kit: &Kit, collection: &Collection) -> Checked<Option<Condition>> {
    let known = kit.known(collection)?;
    for (name, _) in known.of(&[Type::Text, Type::Number]) {
        let value = known.samples(name).first().and_then(Datum::read);
        if let Some(value) = value.filter(|value| !matches!(value, Datum::Float(_))) {
            return Ok(Some(Condition::Compare(property(name), "=", Term::Literal(value))));
        }
    }
    Ok(None)
}

fn default_language(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    kit.needs("cql2/1.0/conf/cql2-text")?;
    let mut seen = false;
    for collection in kit.collections()? {
        let Some(condition) = simple(kit, collection)? else { continue };
        seen = true;
        let url = with(&collection.items, &format!("limit=100&filter={}", encoded(&condition.text())));
        let plain = kit.json(&url, GEOJSON)?;
        let named = kit.json(&with(&url, "filter-lang=cql2-text"), GEOJSON)?;
        ensure!(plain["features"] == named["features"], "{url}: not the same with filter-lang=cql2-text");
    }
    if seen { Ok(()) } else { skip("no collection has a property for it") }
}

fn filter_crs(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    kit.needs("ogcapi-features-2/1.0/conf/crs")?;
    let mut seen = false;
    for collection in kit.collections()? {
        let known = kit.known(collection)?;
        let Some(name) = known.geometry() else { continue };
        for uri in listed(kit, collection)? {
            let asked = with(&collection.items, &format!("limit=1000&crs={}", encoded(&uri)));
            let (all, is_whole) = read(kit, &asked, 1000)?;
            let Some([a, b, c, d]) = bounds(&all).map(part).filter(|_| is_whole) else { continue };
            let area = json!({ "type": "Polygon", "coordinates": [[[a, b], [c, b], [c, d], [a, d], [a, b]]] });
            let condition = Condition::Spatial("s_intersects", name.to_owned(), area.clone());
            let filter = format!("filter={}&filter-crs={}", encoded(&condition.text()), encoded(&uri));
            let url = with(&asked, &filter);
            let area = super::projection::geometry(&area).unwrap();
            seen |= has_what_meets(kit, &url, &all, &area)?;
        }
    }
    if seen { Ok(()) } else { skip("no collection is small enough") }
}

fn mixing(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    let mut seen = false;
    for collection in kit.collections()? {
        let Some(condition) = simple(kit, collection)? else { continue };
        let known = kit.known(collection)?;
        if known.geometry().is_none() {
            continue;
        }
        let Some([a, b, c, d]) = bounds(&known.features).map(part) else { continue };
        let area = gdal::vector::Geometry::bbox(a, b, c, d).unwrap();
        let verdicts: Vec<Verdict> = known
            .features
            .iter()
            .map(|feature| match (condition.holds(feature), judged(feature)) {
                (Verdict::True, Some(geometry)) => Verdict::from(geometry.intersects(&area)),
                (Verdict::True, None) => Verdict::Open,
                (other, _) => other,
            })
            .collect();
        let filter = format!("bbox={a},{b},{c},{d}&filter={}", encoded(&condition.text()));
        let url = with(&collection.items, &format!("limit=1000&{filter}"));
        compare(&url, &known, &verdicts, &kit.json(&url, GEOJSON)?)?;
        let (paged, _) = read(kit, &with(&collection.items, &format!("limit=2&{filter}")), 20)?;
        let whole = features(&kit.json(&url, GEOJSON)?);
        let ids = |all: &[Value]| all.iter().take(20).map(id_of).collect::<Vec<_>>();
        ensure!(ids(&paged) == ids(&whole), "{url}: pages of two give other features");
        seen = true;
    }
    if seen { Ok(()) } else { skip("no collection has a property for it") }
}

fn refusals(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    for collection in kit.collections()?.iter().take(3) {
        let ask = |query: &str| kit.refused(&with(&collection.items, query));
        for text in [
            "",
            " ",
            "=",
            "a =",
            "= 1",
            "AND",
            "1 = 1 AND",
            "(1 = 1",
            "1 = 1)",
            "1 == 1",
            "1 = 1 1 = 1",
            "'a' = 'a",
            "\"a = 1",
            "S_INTERSECTS(",
            "1 BETWEEN 0",
            "1 IN",
            "NOT",
            "DATE('2020-13-01') = DATE('2020-01-01')",
            "TIMESTAMP('2020-01-01') = TIMESTAMP('2020-01-01')",
            "no_such_function(1) = 1",
            "no_such_property_of_any = 1",
            "1 = 1; DROP TABLE x",
        ] {
            // An empty parameter may be one that was left out.
            if !text.is_empty() {
                ask(&format!("filter-lang=cql2-text&filter={}", encoded(text)))?;
            }
        }
        if kit.declares("cql2/1.0/conf/cql2-json")? {
            for text in [
                "{",
                "[]",
                "1",
                "\"a\"",
                "{}",
                r#"{"op":"="}"#,
                r#"{"op":"=","args":[1]}"#,
                r#"{"op":"no_such","args":[1,1]}"#,
                r#"{"op":"and","args":[1,2]}"#,
                r#"{"op":"=","args":[{"property":"no_such_property_of_any"},1]}"#,
                "1 = 1",
            ] {
                ask(&format!("filter-lang=cql2-json&filter={}", encoded(text)))?;
            }
        }
        ask(&format!("filter-lang=no-such&filter={}", encoded("1 = 1")))?;
        ask(&format!("filter-lang=CQL2-TEXT&filter={}", encoded("1 = 1")))?;
        if kit.declares("ogcapi-features-2/1.0/conf/crs")? {
            for wrong in ["http://www.opengis.net/def/crs/0/unsupported", "EPSG%3A999999"] {
                ask(&format!("filter={}&filter-crs={wrong}", encoded("1 = 1")))?;
            }
        }
        // A value of a type that the property does not have.
        let known = kit.known(collection)?;
        if let Some((name, _)) = known.of(&[Type::Number]).first() {
            let name = super::cql2::condition::name(name);
            ask(&format!("filter={}", encoded(&format!("{name} = 'text'"))))?;
            ask(&format!("filter={}", encoded(&format!("{name} LIKE 'a%'"))))?;
        }
    }
    Ok(())
}

fn escaping(kit: &Kit) -> Checked {
    kit.needs(CLASS)?;
    kit.needs("cql2/1.0/conf/cql2-text")?;
    let mut seen = false;
    for collection in kit.collections()? {
        let known = kit.known(collection)?;
        for (name, _) in known.of(&[Type::Text]) {
            for value in ["it's", "''", "\"", "\\", "%", "a''b", "/* */", "--", "東京", "😀"] {
                let value = Term::Literal(Datum::Text(value.to_owned()));
                agree(kit, collection, &known, &Condition::Compare(property(name), "=", value))?;
                seen = true;
            }
            // A backslash escapes a quote as another quote does, and makes signs that have no letter.
            let found = |value: &str| {
                let filter = format!("{} = '{value}' OR 'it''s' = '{value}'", super::cql2::condition::name(name));
                let url = with(&collection.items, &format!("limit=1&filter={}", encoded(&filter)));
                kit.json(&url, GEOJSON).map(|page| features(&page).len())
            };
            let (escaped, doubled) = (found(r"it\'s")?, found("it''s")?);
            ensure!(
                escaped == doubled && (escaped > 0 || known.features.is_empty()),
                "{name}: {escaped} features by \\', {doubled} by ''"
            );
            ensure!(found(r"\a\b\t\n\v\f\r")? == 0, "{name}: signs without letters are found");
            let all = known.features.iter().filter_map(|feature| feature["properties"][name].as_str());
            for value in all.filter(|text| text.contains(['\'', '"', '\\'])).take(3) {
                let value = Term::Literal(Datum::Text(value.to_owned()));
                agree(kit, collection, &known, &Condition::Compare(property(name), "=", value))?;
            }
        }
    }
    if seen { Ok(()) } else { skip("no collection has a text") }
}

fn query_parameters(kit: &Kit) -> Checked {
    kit.needs("ogcapi-features-3/1.0/conf/queryables-query-parameters")?;
    let mut seen = false;
    let own = ["limit", "offset", "bbox", "datetime", "f", "crs", "bbox-crs", "filter", "properties", "sortby"];
    for collection in kit.collections()? {
        let known = kit.known(collection)?;
        for (name, kind) in known.of(&[Type::Number, Type::Truth, Type::Text]) {
            if own.contains(&name) {
                continue;
            }
            for value in known.samples(name).iter().filter_map(Datum::read) {
                let written = match &value {
                    Datum::Text(text) if text.contains(',') || text.contains(char::is_control) => continue,
                    Datum::Text(text) => text.clone(),
                    Datum::Truth(truth) => truth.to_string(),
                    other => other.text(),
                };
                if matches!((kind, &value), (Type::Text, Datum::Whole(_) | Datum::Float(_))) {
                    continue;
                }
                let condition = Condition::Compare(property(name), "=", Term::Literal(value));
                let verdicts: Vec<Verdict> = known.features.iter().map(|feature| condition.holds(feature)).collect();
                let url = with(&collection.items, &format!("limit=1000&{}={}", encoded(name), encoded(&written)));
                compare(&url, &known, &verdicts, &kit.json(&url, GEOJSON)?)?;
                seen = true;
            }
        }
    }
    if seen { Ok(()) } else { skip("no collection has a plain queryable") }
}

fn list_of_functions(kit: &Kit) -> Checked {
    kit.needs("cql2/1.0/conf/functions")?;
    let url = kit.functions_url();
    let document = kit.json(&url, "application/json")?;
    let types =
        ["string", "number", "integer", "datetime", "date", "timestamp", "interval", "geometry", "boolean", "array"];
    let is_types = |value: &Value| {
        let all = value.as_array().cloned().unwrap_or_default();
        !all.is_empty() && all.iter().all(|kind| kind.as_str().is_some_and(|kind| types.contains(&kind)))
    };
    for function in document["functions"].as_array().into_iter().flatten() {
        ensure!(function["name"].is_string() && is_types(&function["returns"]), "{url}: {function}");
        for argument in function["arguments"].as_array().into_iter().flatten() {
            ensure!(is_types(&argument["type"]), "{url}: {function}");
        }
    }
    ensure!(document["functions"].is_array(), "{url}: no list of functions");
    Ok(())
}
