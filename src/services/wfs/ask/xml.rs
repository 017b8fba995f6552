//! A request in XML.

use crate::base::xml::Element;
use crate::error::{Error, Kind, Result};
use crate::formats::gml::Version;
use crate::services::ows::kvp::invalid;

use super::super::dialects::gml;
use super::super::names::Names;
use super::super::srs::named;
use super::super::{Call, filter};
use super::{Ask, TypeQuery, What, is_hits, joins, resolvable, stored};

/// Most queries of one request.
const MOST: usize = 50;

pub(super) fn read(call: &Call<'_>, names: &Names<'_>, root: &Element) -> Result<Ask> {
    let number = |name: &str| match root.attribute(name) {
        None => Ok(None),
        Some(text) => text.trim().parse::<u64>().map(Some).map_err(|_| invalid(name, text, "a whole number")),
    };
    resolvable(root.attribute("resolve"))?;
    let mut pairs = vec![
        ("SERVICE".to_owned(), "WFS".to_owned()),
        ("VERSION".to_owned(), call.dialect.version.to_owned()),
        ("REQUEST".to_owned(), root.name.to_string()),
    ];
    let what = match root.child("StoredQuery") {
        Some(query) => {
            let name = query.attribute("id").unwrap_or_default();
            let is_id = |it: &&Element| it.attribute("name").is_some_and(|name| name.eq_ignore_ascii_case("ID"));
            stored(name, query.children_named("Parameter").find(is_id).map(Element::trimmed))?
        }
        None => What::Queries(queries(gml(call.dialect), names, root, &mut pairs)?),
    };
    let mut push = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
    let format = root.attribute("outputFormat");
    if let Some(format) = format {
        push("OUTPUTFORMAT", format);
    }
    let value = root.attribute("valueReference");
    if let Some(value) = value {
        push("VALUEREFERENCE", value);
    }
    let count = match number("count")? {
        Some(count) => Some(count),
        None => number("maxFeatures")?,
    };
    Ok(Ask {
        what,
        start: number("startIndex")?.unwrap_or(0),
        count,
        hits: is_hits(root.attribute("resultType"))?,
        format: format.map(str::to_owned),
        value: value.map(str::to_owned),
        pairs,
    })
}

fn queries(
    version: Version,
    names: &Names<'_>,
    root: &Element,
    pairs: &mut Vec<(String, String)>,
) -> Result<Vec<TypeQuery>> {
    let (mut queries, mut texts) = (Vec::new(), Texts::default());
    for element in root.children_named("Query").take(MOST + 1) {
        queries.push(query(version, names, element, &mut texts)?);
    }
    match queries.len() {
        0 => Err(Error::new(Kind::MissingParameter, "there is no Query").at("Query")),
        number if number > MOST => {
            Err(Error::new(Kind::OutOfRange, format!("there are more than {MOST} queries")).at("Query"))
        }
        _ => {
            texts.into_pairs(pairs);
            Ok(queries)
        }
    }
}

/// What the queries say, as values of keys: each in brackets.
#[derive(Default)]
struct Texts {
    types: String,
    aliases: Vec<String>,
    filters: String,
    has_filter: bool,
    shown: String,
    has_shown: bool,
    sorts: String,
    has_sort: bool,
    systems: Vec<String>,
}

impl Texts {
    fn into_pairs(self, pairs: &mut Vec<(String, String)>) {
        let mut push = |name: &str, value: String| pairs.push((name.to_owned(), value));
        push("TYPENAMES", self.types);
        if self.aliases.iter().any(|alias| !alias.is_empty()) {
            push("ALIASES", groups(&self.aliases));
        }
        // One is for all, and none is the usual one of each.
        match &self.systems[..] {
            [first, rest @ ..] if rest.iter().all(|name| name == first) => {
                if !first.is_empty() {
                    push("SRSNAME", first.clone());
                }
            }
            several => push("SRSNAME", groups(several)),
        }
        if self.has_filter {
            push("FILTER", self.filters);
        }
        if self.has_shown {
            push("PROPERTYNAME", self.shown);
        }
        if self.has_sort {
            push("SORTBY", self.sorts);
        }
    }
}

/// A value for each query, in brackets.
fn groups(values: &[String]) -> String {
    format!("({})", values.join(")("))
}

fn query(version: Version, names: &Names<'_>, element: &Element, texts: &mut Texts) -> Result<TypeQuery> {
    // The last is OWSLib's.
    let (at, list) = ["typeNames", "typeName", "typenames"]
        .iter()
        .find_map(|at| Some((*at, element.attribute(at)?)))
        .ok_or_else(|| Error::new(Kind::MissingParameter, "a Query has no typeNames").at("typeNames"))?;
    let mut wanted = list.split([' ', ',', '\t', '\n']).filter(|name| !name.is_empty());
    let first = wanted.next().ok_or_else(|| invalid(at, list, "the name of a feature type"))?;
    if wanted.next().is_some() {
        return Err(joins(at, "joins of feature types are not implemented; put each type into a Query of its own"));
    }
    let mut query = TypeQuery::new(names.find_in(at, first, element)?);
    texts.types.extend(["(", names.prefix, ":", &query.of.name, ")"]);
    if let Some(name) = element.attribute("srsName") {
        query.srs = Some(named("srsName", name)?);
    }
    texts.systems.push(element.attribute("srsName").unwrap_or_default().to_owned());
    let alias = element.attribute("aliases").map(str::trim).unwrap_or_default();
    if !alias.is_empty() {
        query.call("aliases", alias)?;
    }
    texts.aliases.push(alias.to_owned());
    let shown: Vec<&str> = element.children_named("PropertyName").map(Element::trimmed).collect();
    texts.has_shown |= !shown.is_empty();
    let list = if shown.is_empty() { "*".to_owned() } else { shown.join(",") };
    texts.shown.extend(["(", &list, ")"]);
    query.show("PropertyName", shown.into_iter())?;
    texts.filters.push('(');
    if let Some(root) = element.child("Filter") {
        let expr = filter::fes(version, names, &query.of, query.alias.as_deref(), root)?;
        query.and(expr);
        // Brackets of its texts are none between filters.
        texts.filters += &root.to_xml().replace('(', "&#40;").replace(')', "&#41;");
        texts.has_filter = true;
    }
    texts.filters.push(')');
    let mut sorts = Vec::new();
    for property in element.child("SortBy").into_iter().flat_map(|sort| sort.children_named("SortProperty")) {
        let name = property.child("ValueReference").or_else(|| property.child("PropertyName"));
        let name = name.map(Element::trimmed).unwrap_or_default();
        let order = property.child("SortOrder").map_or("ASC", Element::trimmed);
        let descending = order.eq_ignore_ascii_case("DESC");
        query.sort_by("SortBy", name, descending)?;
        sorts.push(format!("{name} {}", if descending { "DESC" } else { "ASC" }));
    }
    texts.has_sort |= !sorts.is_empty();
    texts.sorts.extend(["(", &sorts.join(","), ")"]);
    Ok(query)
}
