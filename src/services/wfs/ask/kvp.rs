//! A request in keys and values.

use crate::base::bbox::Bbox;
use crate::base::xml::{Limits, parse};
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::formats::gml::Version;
use crate::model::value::FeatureId;
use crate::services::ows::kvp::{Kvp, invalid};

use super::super::dialects::gml;
use super::super::names::{FeatureType, Names};
use super::super::srs::{self, Named, named};
use super::super::{Call, filter};
use super::{Ask, TypeQuery, What, is_hits, joins, pairs, resolvable, stored};

pub(super) fn read(call: &Call<'_>, names: &Names<'_>, kvp: Kvp<'_>) -> Result<Ask> {
    let whole = "a whole number";
    let start = kvp.parsed("STARTINDEX", whole)?.unwrap_or(0);
    let count = match kvp.parsed("COUNT", whole)? {
        Some(count) => Some(count),
        None => kvp.parsed("MAXFEATURES", whole)?,
    };
    resolvable(kvp.text("RESOLVE")?)?;
    let what = match kvp.text("STOREDQUERY_ID")? {
        Some(name) => stored(name, kvp.text("ID")?)?,
        None => What::Queries(queries(gml(call.dialect), names, kvp)?),
    };
    Ok(Ask {
        what,
        start,
        count,
        hits: is_hits(kvp.text("RESULTTYPE")?)?,
        format: kvp.text("OUTPUTFORMAT")?.map(str::to_owned),
        value: kvp.raw("VALUEREFERENCE").map(str::to_owned),
        pairs: pairs(call.cx),
    })
}

fn queries(version: Version, names: &Names<'_>, kvp: Kvp<'_>) -> Result<Vec<TypeQuery>> {
    let mut types: Vec<(FeatureType, Option<Vec<FeatureId>>)> = Vec::new();
    if let Some((at, text)) = kvp.first(&["TYPENAMES", "TYPENAME"])? {
        for name in text.split(['(', ')', ',']).map(str::trim).filter(|name| !name.is_empty()) {
            types.push((names.find(at, name)?, None));
        }
    }
    by_ids(names, kvp, &mut types)?;
    let mut queries = Vec::new();
    for (of, ids) in types {
        let mut query = TypeQuery::new(of);
        if let Some(ids) = ids {
            query.and(Expr::Ids(ids));
        }
        queries.push(query);
    }
    if let Some(names) = kvp.groups("SRSNAME")? {
        each(&mut queries, "SRSNAME", &names, |query, name| {
            query.srs = Some(named("SRSNAME", name)?);
            Ok(())
        })?;
    }
    if let Some(aliases) = kvp.groups("ALIASES")? {
        if aliases.iter().any(|alias| alias.contains(',')) {
            return Err(joins("ALIASES", "joins of feature types are not implemented"));
        }
        each(&mut queries, "ALIASES", &aliases, |query, alias| query.call("ALIASES", alias))?;
    }
    let is_one = queries.len() == 1;
    // OWSLib sends the filter of 2.0.0 by the name of QUERY.
    let filter_at = kvp.first(&["FILTER", "QUERY"])?.filter(|(at, text)| *at == "FILTER" || text.starts_with('<'));
    if let Some((_, text)) = filter_at {
        each(&mut queries, "FILTER", &split(text, is_one, "FILTER")?, |query, text| {
            let root = parse(text.as_bytes(), &Limits::default()).map_err(|fault| {
                Error::new(Kind::InvalidParameter, format!("FILTER cannot be read: {fault}")).at("FILTER")
            })?;
            let expr = filter::fes(version, names, &query.of, query.alias.as_deref(), &root)?;
            query.and(expr);
            Ok(())
        })?;
    }
    if let Some((at, text)) = kvp.first(&["EXP_FILTER", "CQL_FILTER"])? {
        each(&mut queries, at, &expressions(text, is_one, at)?, |query, text| {
            let expr = filter::cql2(at, &query.of, text)?;
            query.and(expr);
            Ok(())
        })?;
    }
    if let Some(text) = kvp.text("BBOX")? {
        for query in &mut queries {
            let expr = bbox(text, query.srs.as_ref(), &query.of)?;
            query.and(expr);
        }
    }
    if let Some(lists) = kvp.groups("PROPERTYNAME")? {
        each(&mut queries, "PROPERTYNAME", &lists, |query, text| query.show("PROPERTYNAME", text.split(',')))?;
    }
    if let Some(lists) = kvp.groups("SORTBY")? {
        each(&mut queries, "SORTBY", &lists, sort)?;
    }
    Ok(queries)
}

/// Features by their ids: of the types that are named, or of those that the ids name.
fn by_ids(names: &Names<'_>, kvp: Kvp<'_>, types: &mut Vec<(FeatureType, Option<Vec<FeatureId>>)>) -> Result<()> {
    let Some((at, text)) = kvp.first(&["RESOURCEID", "FEATUREID"])? else {
        if types.is_empty() {
            let at = if kvp.text("VERSION")?.is_some_and(|version| version.starts_with('1')) {
                "TYPENAME"
            } else {
                "TYPENAMES"
            };
            return Err(Error::new(Kind::MissingParameter, format!("{at} is missing")).at(at));
        }
        return Ok(());
    };
    let is_open = types.is_empty();
    for (_, ids) in types.iter_mut() {
        *ids = Some(Vec::new());
    }
    for id in text.split([',', '(', ')']).map(str::trim).filter(|id| !id.is_empty()) {
        // What no feature can have for an id is found nowhere.
        let Some((of, key)) = names.feature(id) else { continue };
        match types.iter_mut().find(|(other, _)| other.name == of.name) {
            Some((_, ids)) => ids.get_or_insert_default().push(key),
            None if is_open => types.push((of, Some(vec![key]))),
            None => {
                let expected = "ids of features of the types that are named";
                return Err(invalid(at, id, expected));
            }
        }
    }
    if types.is_empty() {
        // Neither a type nor an id that tells one.
        return Err(invalid(at, text, "ids of features, such as type.1, or the names of their types beside"));
    }
    Ok(())
}

/// Gives each query its text; one text is for all.
fn each(
    queries: &mut [TypeQuery],
    at: &str,
    texts: &[&str],
    mut give: impl FnMut(&mut TypeQuery, &str) -> Result<()>,
) -> Result<()> {
    if texts.len() != 1 && texts.len() != queries.len() {
        let message = format!("{at} has {} groups for {} feature types", texts.len(), queries.len());
        return Err(Error::new(Kind::InvalidParameter, message).at(at.to_owned()));
    }
    for (number, query) in queries.iter_mut().enumerate() {
        let text = texts[if texts.len() == 1 { 0 } else { number }];
        if !text.is_empty() {
            give(query, text)?;
        }
    }
    Ok(())
}

/// Filters in XML: one, or each in brackets.
fn split<'a>(text: &'a str, is_one: bool, at: &str) -> Result<Vec<&'a str>> {
    if text.starts_with('<') {
        return Ok(vec![text]);
    }
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let wrong = || invalid(at, text, "a filter in XML, or several in brackets");
    let parts: Vec<&str> = inner.ok_or_else(wrong)?.split(")(").map(str::trim).collect();
    if is_one && parts.len() > 1 { Err(wrong()) } else { Ok(parts) }
}

/// Expressions: one, or each behind a semicolon or in brackets.
fn expressions<'a>(text: &'a str, is_one: bool, at: &str) -> Result<Vec<&'a str>> {
    if is_one {
        // One may have brackets around it, or begin with some.
        return Ok(vec![text]);
    }
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    match inner {
        Some(inner) if inner.contains(")(") => Ok(inner.split(")(").map(str::trim).collect()),
        _ if text.contains(';') => Ok(text.split(';').map(str::trim).collect()),
        _ if text.is_empty() => Err(invalid(at, text, "an expression")),
        _ => Ok(vec![text]),
    }
}

/// `name`, `name A`, `name DESC`, divided by commas.
fn sort(query: &mut TypeQuery, text: &str) -> Result<()> {
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, order) = part.rsplit_once([' ', '+']).unwrap_or((part, "A"));
        let (name, descending) = match order.to_ascii_uppercase().as_str() {
            "A" | "ASC" => (name, false),
            "D" | "DESC" => (name, true),
            // A blank may belong to the name.
            _ => (part, false),
        };
        query.sort_by("SORTBY", name.trim(), descending)?;
    }
    Ok(())
}

/// A box of four or six numbers and maybe a system. Without one it is in that of the answer, x first, as clients send it.
fn bbox(text: &str, wish: Option<&Named>, of: &FeatureType) -> Result<Expr> {
    let wrong = |expected: &str| invalid("BBOX", text, expected);
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let numbers: Vec<f64> = parts.iter().map_while(|part| part.parse().ok()).collect();
    let is_fine = matches!(numbers.len(), 4 | 6)
        && parts.len() <= numbers.len() + 1
        && numbers.iter().all(|number| number.is_finite());
    if !is_fine {
        return Err(wrong("four or six numbers and the name of a reference system"));
    }
    let (crs, swap) = match parts.get(numbers.len()).filter(|name| !name.is_empty()) {
        Some(name) => {
            let named = named("BBOX", name)?;
            (named.crs, named.swap)
        }
        None => (wish.map_or_else(|| srs::default_crs(of.schema()), |wish| wish.crs.clone()), false),
    };
    let half = numbers.len() / 2;
    let (mut low, mut high) = ([numbers[0], numbers[1]], [numbers[half], numbers[half + 1]]);
    if swap {
        low.reverse();
        high.reverse();
    }
    let z = (half == 3).then(|| (numbers[2], numbers[5]));
    let bbox = Bbox { min_x: low[0], min_y: low[1], max_x: high[0], max_y: high[1], z };
    if bbox.min_y > bbox.max_y || z.is_some_and(|(low, high)| low > high) {
        return Err(wrong("the lower corner before the upper one"));
    }
    filter::boxed(&bbox, crs).ok_or_else(|| wrong("the lower corner before the upper one"))
}
