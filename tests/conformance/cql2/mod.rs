//! The classes of CQL2 1.0 on the server's own data: conditions are made from values that its features have, asked as text
//! and as JSON, and the features that match must be those for which the kit's own evaluation says so.

use serde_json::{Value, json};

use super::Check;
use super::crs::{bounds, part};
use super::kit::{Checked, Collection, GEOJSON, Kit, encoded, features, id_of, skip, with};
use super::known::{Known, Type};
use crate::ensure;
use condition::{Condition, Term, not, property};
use datum::{Datum, Verdict, instant};
use time::{RELATIONS, Time};

pub(crate) mod condition;
pub(crate) mod datum;
mod sums;
mod time;

pub(crate) const CHECKS: &[Check] = &[
    ("/conf/basic-cql2", "comparisons, IS NULL, AND, OR, NOT, of every queryable", basic),
    ("/conf/advanced-comparison-operators", "LIKE, BETWEEN, IN and their opposites", advanced),
    ("/conf/case-insensitive-comparison", "CASEI", |kit| folded(kit, "casei", "case-insensitive-comparison")),
    ("/conf/accent-insensitive-comparison", "ACCENTI", |kit| folded(kit, "accenti", "accent-insensitive-comparison")),
    ("/conf/basic-spatial-functions", "S_INTERSECTS with points and boxes", basic_spatial),
    ("/conf/basic-spatial-functions-plus", "S_INTERSECTS with every kind of geometry", basic_spatial_plus),
    ("/conf/spatial-functions", "the other seven relations, as GEOS has them", spatial),
    ("/conf/temporal-functions", "the fifteen relations of Allen's algebra", temporal),
    ("/conf/array-functions", "lists as sets", lists),
    ("/conf/property-property", "properties on both sides, and literals on the left", property_property),
    ("/conf/functions", "the functions that are listed, where their names say what they do", functions),
    ("/conf/arithmetic", "calculations", arithmetic),
];

/// Whether a class of CQL2 is declared, and filters with it.
fn need(kit: &Kit, class: &str) -> Checked {
    kit.needs("ogcapi-features-3/1.0/conf/features-filter")?;
    kit.needs(&format!("cql2/1.0/conf/{class}"))
}

/// The languages in which each condition is asked.
fn languages(kit: &Kit) -> Checked<Vec<&'static str>> {
    let mut all = Vec::new();
    for language in ["cql2-text", "cql2-json"] {
        if kit.declares(&format!("cql2/1.0/conf/{language}"))? {
            all.push(language);
        }
    }
    if all.is_empty() { skip("neither cql2-text nor cql2-json is declared") } else { Ok(all) }
}

/// Asks a collection for a condition in each language, and compares.
pub(crate) fn agree(kit: &Kit, collection: &Collection, known: &Known, condition: &Condition) -> Checked {
    let verdicts: Vec<Verdict> = known.features.iter().map(|feature| condition.holds(feature)).collect();
    for language in languages(kit)? {
        let text = match language {
            "cql2-json" => condition.json().to_string(),
            _ => condition.text(),
        };
        let query = format!("limit=1000&filter-lang={language}&filter={}", encoded(&text));
        let url = with(&collection.items, &query);
        let answer = kit.get(&url, GEOJSON)?;
        ensure!(answer.status == 200, "{}: {text}: {}: {}", collection.id, answer.status, answer.excerpt());
        compare(&format!("{}: {text}", collection.id), known, &verdicts, &super::kit::parse(&answer)?)?;
    }
    Ok(())
}

/// Whether a page has the features that it should have.
pub(crate) fn compare(what: &str, known: &Known, verdicts: &[Verdict], page: &Value) -> Checked {
    let found: Vec<String> = features(page).iter().map(id_of).collect();
    let is_whole = known.is_whole && crate::harness::client::links(page, "next").is_empty();
    for (feature, verdict) in known.features.iter().zip(verdicts) {
        let (id, is_there) = (id_of(feature), found.contains(&id_of(feature)));
        match verdict {
            Verdict::True => ensure!(is_there || !is_whole, "{what}: feature {id} is not there"),
            Verdict::False | Verdict::Unknown => ensure!(!is_there, "{what}: feature {id} is there, and {verdict:?}"),
            Verdict::Open => {}
        }
    }
    let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
    if let (true, 0, Some(matched)) = (known.is_whole, count(Verdict::Open), page["numberMatched"].as_u64()) {
        ensure!(matched == count(Verdict::True), "{what}: numberMatched {matched}, not {}", count(Verdict::True));
    }
    Ok(())
}

/// Makes conditions for each collection and compares; skipped where none could be made.
fn each(kit: &Kit, make: impl Fn(&Collection, &Known) -> Vec<Condition>) -> Checked {
    let mut asked = 0;
    for collection in kit.collections()? {
        let known = kit.known(collection)?;
        // Large collections have fewer conditions, of every kind still.
        let step = if !known.is_whole {
            17
        } else if known.features.len() > 100 {
            5
        } else {
            1
        };
        for condition in make(collection, &known).into_iter().step_by(step) {
            agree(kit, collection, &known, &condition)?;
            asked += 1;
        }
    }
    if asked == 0 { skip("no collection has properties for it") } else { Ok(()) }
}

const SCALAR: [Type; 5] = [Type::Number, Type::Truth, Type::Text, Type::Date, Type::Instant];
const ORDERED: [Type; 3] = [Type::Number, Type::Date, Type::Instant];

/// Some values of a property, as literals.
fn literals(known: &Known, name: &str, kind: Type) -> Vec<Datum> {
    let read = known.samples(name).into_iter().filter_map(|value| Datum::read(&value));
    let fitting = read.map(|value| if matches!(kind, Type::Date | Type::Instant) { value.timed() } else { value });
    let is_of = |value: &Datum| {
        matches!(
            (kind, value),
            (Type::Number, Datum::Whole(_) | Datum::Float(_))
                | (Type::Truth, Datum::Truth(_))
                | (Type::Text, Datum::Text(_))
                | (Type::Date, Datum::Day(_))
                | (Type::Instant, Datum::Instant(..))
        )
    };
    fitting.filter(is_of).collect()
}

fn basic(kit: &Kit) -> Checked {
    need(kit, "basic-cql2")?;
    each(kit, |_, known| {
        let mut all = vec![Condition::Truth(true), Condition::Truth(false)];
        let mut kept: Vec<Condition> = Vec::new();
        for (name, kind) in known.of(&SCALAR) {
            let term = || property(name);
            all.push(Condition::IsNull(term()));
            all.push(not(Condition::IsNull(term())));
            let operators: &[&'static str] =
                if ORDERED.contains(&kind) { &["=", "<>", "<", "<=", ">", ">="] } else { &["=", "<>"] };
            for value in literals(known, name, kind) {
                let compared = |how: &&'static str| Condition::Compare(term(), how, Term::Literal(value.clone()));
                kept.push(compared(&operators[kept.len() % operators.len()]));
                all.extend(operators.iter().map(compared));
            }
        }
        // Every four neighbours in one expression, as the standard's own test has it.
        for four in kept.windows(4) {
            let [p1, p2, p3, p4] = [0, 1, 2, 3].map(|at| four[at].clone());
            let first = Condition::And(vec![not(p2), p1.clone()]);
            let second = Condition::And(vec![p3, p4.clone()]);
            all.push(Condition::Or(vec![first, second, not(Condition::Or(vec![p1, p4]))]));
        }
        all
    })
}

fn advanced(kit: &Kit) -> Checked {
    need(kit, "advanced-comparison-operators")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        let mut add = |condition: Condition| all.extend([condition.clone(), not(condition)]);
        for (name, kind) in known.of(&SCALAR) {
            let values = literals(known, name, kind);
            if values.is_empty() {
                continue;
            }
            add(Condition::In(property(name), values.iter().skip(1).cloned().map(Term::Literal).collect::<Vec<_>>()));
            add(Condition::In(property(name), vec![Term::Literal(values[0].clone())]));
            if ORDERED.contains(&kind) {
                let ends = [&values[0], &values[values.len() - 1]].map(|end| Term::Literal(end.clone()));
                let [one, other] = ends;
                add(Condition::Between(property(name), one.clone(), other.clone()));
                add(Condition::Between(property(name), other, one));
            }
            for text in values.iter().filter_map(|value| match value {
                Datum::Text(text) if !text.is_empty() && text.len() < 40 && !text.contains(char::is_control) => {
                    Some(text)
                }
                _ => None,
            }) {
                let signs: Vec<char> = text.chars().collect();
                let escape = |signs: &[char]| -> String {
                    signs
                        .iter()
                        .flat_map(|sign| if "%_\\".contains(*sign) { vec!['\\', *sign] } else { vec![*sign] })
                        .collect()
                };
                let half = signs.len().div_ceil(2);
                for pattern in [
                    format!("{}%", escape(&signs[..half])),
                    format!("%{}", escape(&signs[half..])),
                    format!("_{}", escape(&signs[1..])),
                    format!("%{}%", escape(&signs[half / 2..half])),
                    escape(&signs),
                ] {
                    add(Condition::Like(property(name), pattern));
                }
            }
        }
        all.retain(|condition| !matches!(condition, Condition::In(_, list) if list.is_empty()));
        all.retain(|condition| !matches!(condition, Condition::Not(part) if matches!(&**part, Condition::In(_, list) if list.is_empty())));
        all
    })
}

fn folded(kit: &Kit, function: &'static str, class: &str) -> Checked {
    need(kit, class)?;
    let likes = kit.declares("cql2/1.0/conf/advanced-comparison-operators")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        for (name, kind) in known.of(&[Type::Text]) {
            let term = || Term::Call(function, vec![property(name)]);
            let literal = |text: String| Term::Call(function, vec![Term::Literal(Datum::Text(text))]);
            for value in literals(known, name, kind) {
                let Datum::Text(text) = value else { continue };
                if text.contains(char::is_control) {
                    continue;
                }
                let changed = if function == "casei" { text.to_uppercase() } else { text.clone() };
                all.push(Condition::Compare(term(), "=", literal(changed.clone())));
                all.push(Condition::Compare(term(), "<>", literal(changed.clone())));
                if likes {
                    all.push(Condition::In(term(), vec![literal(changed), literal("zz".to_owned())]));
                    let start: String = text.chars().take(2).filter(|sign| !"%_\\".contains(*sign)).collect();
                    all.push(Condition::Like(term(), format!("{start}%")));
                }
            }
        }
        all
    })
}

/// Boxes and points about the features.
fn boxes(known: &Known) -> Vec<Value> {
    let Some(whole) = bounds(&known.features) else { return Vec::new() };
    let [a, b, c, d] = part(whole);
    let inner = part([a, b, c, d]);
    vec![json!([a, b, c, d]), json!(inner), json!([(whole[0] - 1.0).max(-180.0), (whole[1] - 0.5).max(-90.0), c, d])]
}

fn points(known: &Known) -> Vec<Value> {
    let Some([a, b, c, d]) = bounds(&known.features).map(part) else { return Vec::new() };
    let mut all = vec![json!({ "type": "Point", "coordinates": [f64::midpoint(a, c), f64::midpoint(b, d)] })];
    // Where points are stored as they are told, one of them can be met.
    let own = known.features.iter().map(|feature| &feature["geometry"]).filter(|_| known.is_stored_in_degrees);
    let own = own.filter(|it| it["type"] == "Point" && it["coordinates"].as_array().is_some_and(|at| at.len() == 2));
    all.extend(own.take(2).cloned());
    all
}

/// Lines and areas about the features, of every kind.
fn shapes(known: &Known) -> Vec<Value> {
    let Some([a, b, c, d]) = bounds(&known.features).map(part) else { return Vec::new() };
    let (x, y) = (f64::midpoint(a, c), f64::midpoint(b, d));
    let ring = |x1: f64, y1: f64, x2: f64, y2: f64| json!([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]]);
    let triangle = json!([[a, b], [c, b], [x, d], [a, b]]);
    vec![
        json!({ "type": "LineString", "coordinates": [[a, b], [x, d], [c, y]] }),
        json!({ "type": "Polygon", "coordinates": [triangle] }),
        json!({ "type": "Polygon", "coordinates": [
            ring(a, b, c, d), ring(a + 0.3 * (c - a), b + 0.3 * (d - b), a + 0.6 * (c - a), b + 0.6 * (d - b)) ] }),
        json!({ "type": "MultiPoint", "coordinates": [[a, b], [x, y], [c, d]] }),
        json!({ "type": "MultiLineString", "coordinates": [[[a, b], [c, d]], [[a, d], [x, y + 0.1 * (d - b)]]] }),
        json!({ "type": "MultiPolygon", "coordinates": [[ring(a, b, x, y)], [ring(x + 0.1 * (c - a), y, c, d)]] }),
        json!({ "type": "GeometryCollection", "geometries": [
            { "type": "Point", "coordinates": [x, y] }, { "type": "LineString", "coordinates": [[a, d], [c, b]] } ] }),
    ]
}

fn located(known: &Known, relations: &[&'static str], literals: &[Value]) -> Vec<Condition> {
    let Some(name) = known.geometry() else { return Vec::new() };
    let made = relations.iter().flat_map(|relation| {
        literals.iter().map(|literal| Condition::Spatial(relation, name.to_owned(), literal.clone()))
    });
    made.flat_map(|condition| [condition.clone(), not(condition)]).collect()
}

fn basic_spatial(kit: &Kit) -> Checked {
    need(kit, "basic-spatial-functions")?;
    each(kit, |_, known| located(known, &["s_intersects"], &[points(known), boxes(known)].concat()))
}

fn basic_spatial_plus(kit: &Kit) -> Checked {
    need(kit, "basic-spatial-functions-plus")?;
    each(kit, |_, known| located(known, &["s_intersects"], &shapes(known)))
}

fn spatial(kit: &Kit) -> Checked {
    need(kit, "spatial-functions")?;
    let relations = ["s_disjoint", "s_equals", "s_touches", "s_within", "s_overlaps", "s_crosses", "s_contains"];
    each(kit, |_, known| {
        // A collection of geometries has no relations in GEOS but to intersect.
        let mut shapes: Vec<Value> = shapes(known);
        shapes.retain(|shape| shape["type"] != "GeometryCollection");
        located(known, &relations, &[points(known), boxes(known), shapes].concat())
    })
}

fn temporal(kit: &Kit) -> Checked {
    need(kit, "temporal-functions")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        for kind in [Type::Date, Type::Instant] {
            let names = known.of(&[kind]);
            for (name, _) in &names {
                let values = literals(known, name, kind);
                let at = || Time::Property((*name).to_owned());
                let literal = |value: &Datum| Box::new(Time::Literal(value.clone()));
                for value in &values {
                    for relation in ["t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"] {
                        all.push(Condition::Temporal(relation, at(), *literal(value)));
                        all.push(not(Condition::Temporal(relation, at(), *literal(value))));
                    }
                    for relation in ["t_after", "t_before", "t_disjoint", "t_during", "t_intersects"] {
                        let open = Time::Interval(literal(value), Box::new(Time::Open));
                        all.push(Condition::Temporal(relation, at(), open));
                        let open = Time::Interval(Box::new(Time::Open), literal(value));
                        all.push(Condition::Temporal(relation, at(), open));
                    }
                }
                if let Some((from, to)) = ends(&values) {
                    for relation in ["t_after", "t_before", "t_disjoint", "t_during", "t_intersects"] {
                        let interval = Time::Interval(literal(&from), literal(&to));
                        all.push(Condition::Temporal(relation, at(), interval));
                    }
                }
            }
            for two in names.windows(2) {
                let own = || {
                    let end = |at: usize| Box::new(Time::Property(two[at].0.to_owned()));
                    Time::Interval(end(0), end(1))
                };
                let mut values = literals(known, two[0].0, kind);
                values.extend(literals(known, two[1].0, kind));
                let Some((from, to)) = ends(&values) else { continue };
                let literal = || {
                    let end = |value: &Datum| Box::new(Time::Literal(value.clone()));
                    Time::Interval(end(&from), end(&to))
                };
                for relation in RELATIONS {
                    all.push(Condition::Temporal(relation, own(), literal()));
                    all.push(Condition::Temporal(relation, literal(), own()));
                }
            }
        }
        all
    })
}

/// The earliest and the latest of values.
fn ends(values: &[Datum]) -> Option<(Datum, Datum)> {
    let at = |value: &&Datum| match value {
        Datum::Day(day) => *day,
        Datum::Instant(at, text) => {
            debug_assert_eq!(instant(text), Some(*at));
            *at
        }
        _ => 0,
    };
    let (from, to) = (values.iter().min_by_key(at)?, values.iter().max_by_key(at)?);
    (at(&from) < at(&to)).then(|| (from.clone(), to.clone()))
}

fn lists(kit: &Kit) -> Checked {
    need(kit, "array-functions")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        for (name, _) in known.of(&[Type::List]) {
            for value in known.samples(name) {
                let Some(members) = value.as_array().filter(|members| is_plain(members)) else { continue };
                let mut more = members.clone();
                more.push(json!("no such member"));
                for list in [members.clone(), members.iter().take(1).cloned().collect(), more] {
                    for relation in ["a_equals", "a_contains", "a_containedBy", "a_overlaps"] {
                        if !list.is_empty() {
                            all.push(Condition::List(relation, name.to_owned(), list.clone()));
                            all.push(not(Condition::List(relation, name.to_owned(), list.clone())));
                        }
                    }
                }
            }
        }
        all
    })
}

/// Whether a literal can have these members.
fn is_plain(members: &[Value]) -> bool {
    members.iter().all(|member| member.is_string() || member.is_number())
}

fn property_property(kit: &Kit) -> Checked {
    need(kit, "property-property")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        for kind in SCALAR {
            let operators: &[&'static str] =
                if ORDERED.contains(&kind) { &["=", "<>", "<", ">="] } else { &["=", "<>"] };
            let names = known.of(&[kind]);
            for two in names.windows(2) {
                let compared =
                    operators.iter().map(|how| Condition::Compare(property(two[0].0), how, property(two[1].0)));
                all.extend(compared);
            }
            for (name, _) in &names {
                all.push(Condition::Compare(property(name), "=", property(name)));
                for value in literals(known, name, kind).into_iter().take(1) {
                    all.push(Condition::Compare(Term::Literal(value.clone()), operators[1], property(name)));
                    all.push(Condition::Compare(Term::Literal(value.clone()), "=", Term::Literal(value)));
                }
            }
        }
        all
    })
}

fn functions(kit: &Kit) -> Checked {
    need(kit, "functions")?;
    let listed = kit.json(&kit.functions_url(), "application/json")?;
    let listed: Vec<String> = listed["functions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|function| function["name"].as_str().map(str::to_lowercase))
        .collect();
    ensure!(!listed.is_empty(), "no function is listed");
    let has = |name: &&&'static str| listed.iter().any(|listed| listed == *name);
    each(kit, |_, known| {
        let mut all = Vec::new();
        for (name, kind) in known.of(&SCALAR) {
            let of: &[&'static str] = match kind {
                Type::Text => &["lower", "upper", "trim", "length"],
                Type::Number => &["abs", "ceil", "floor", "sqrt"],
                Type::Date | Type::Instant => &["year", "month", "day"],
                _ => &[],
            };
            for function in of.iter().filter(has) {
                for value in literals(known, name, kind).into_iter().take(2) {
                    let Some(result) = sums::call(function, &[value]) else { continue };
                    let call = || Term::Call(function, vec![property(name)]);
                    all.push(Condition::Compare(call(), "=", Term::Literal(result.clone())));
                    all.push(Condition::Compare(call(), "<>", Term::Literal(result)));
                }
            }
        }
        all
    })
}

fn arithmetic(kit: &Kit) -> Checked {
    need(kit, "arithmetic")?;
    each(kit, |_, known| {
        let mut all = Vec::new();
        for (name, kind) in known.of(&[Type::Number]) {
            for value in literals(known, name, kind) {
                for (operator, number) in [("+", 3), ("-", 2), ("*", 2), ("/", 2), ("%", 3), ("div", 2), ("^", 2)] {
                    let number = Datum::Whole(number);
                    let Some(result) = sums::sum(&value, operator, &number) else { continue };
                    let sum = || Term::Sum(Box::new(property(name)), operator, Box::new(Term::Literal(number.clone())));
                    // Two ways to the same fraction need not be equal to the last bit.
                    let operators = if matches!(result, Datum::Float(_)) { [">", "<"] } else { ["=", "<="] };
                    for how in operators.into_iter().filter(|_| !matches!(result, Datum::Float(_)) || operator == "*") {
                        all.push(Condition::Compare(sum(), how, Term::Literal(result.clone())));
                    }
                }
            }
        }
        all
    })
}
