//! `GetPropertyValue`: the values of one property.

use http::Method;

use crate::error::{Error, Kind, Result};
use crate::expr::{Expr, Operand};
use crate::formats::gml::{FeatureWriter, Version};
use crate::message::response::Response;
use crate::services::ows::kvp::{Kvp, invalid};

use super::answer::{Turn, Writer};
use super::ask::{Ask, TypeQuery, What};
use super::collection::{CLOSE_VALUES, Collection, Told};
use super::get_feature::{Gml, counted, feature_type};
use super::names::{Names, Property};
use super::output_format::OutputFormat;
use super::{Call, stored_queries};

pub(super) async fn get_property_value(call: &Call<'_>) -> Result<Response> {
    let ask = Ask::read(call)?;
    let OutputFormat::Gml(version @ Version::V32) = ask.output_format(call)? else {
        let format = ask.format.as_deref().unwrap_or_default();
        return Err(invalid("OUTPUTFORMAT", format, "application/gml+xml; version=3.2"));
    };
    let names = Names::new(call.cx, Kvp::new(call.cx.head()))?;
    let path = ask.value.as_deref().map(str::trim).unwrap_or_default();
    if path.is_empty() {
        let error = match ask.value {
            Some(_) => Error::new(Kind::InvalidParameter, "VALUEREFERENCE is empty, expected the name of a property"),
            None => Error::new(Kind::MissingParameter, "VALUEREFERENCE is missing, expected the name of a property"),
        };
        return Err(error.at("VALUEREFERENCE"));
    }
    let by_id;
    let queries = match &ask.what {
        What::Queries(queries) => queries.as_slice(),
        What::ById(id) => {
            by_id = [stored_queries::query_by_id(&names, id)?];
            &by_id
        }
    };
    let [query] = queries else {
        let message = "values of one feature type at a time";
        return Err(Error::new(Kind::Unsupported, message).at("TYPENAMES").coded("OptionNotSupported"));
    };
    let property = query.of.property("VALUEREFERENCE", path)?;
    if call.cx.head().method == Method::HEAD {
        return Ok(Response::ok(OutputFormat::Gml(version).media_type(), Vec::new()));
    }
    let query = values(query, &property);
    let collection = Collection::new(call.cx, &names, version, &[&query.of.name]);
    if ask.hits {
        let told = Told { matched: Some(counted(&query).await?), returned: Some(0), ..Told::default() };
        let mut out = collection.open_values(&told);
        out.extend_from_slice(CLOSE_VALUES);
        return Ok(Response::ok(OutputFormat::Gml(version).media_type(), out));
    }
    let (question, srs) = query.query(Some(version));
    let of = feature_type(&names, &query, &question, srs)?;
    let writer = Box::new(FeatureWriter::new(version, &of, "", ""));
    let writer = match property {
        Property::Id => Writer::Ids(writer),
        Property::Geometry => Writer::Values { writer, geometry: true },
        Property::Field(_) => Writer::Values { writer, geometry: false },
    };
    let view = query.of.view.clone();
    let turn = Turn { view, query: question, writer, open: Vec::new(), close: b"", announced: None };
    Gml { call, names: &names, ask: &ask, version }.one(&collection, &query, turn).await
}

/// The same question for the features that have a value, so that their number is that of the values.
fn values(query: &TypeQuery, property: &Property) -> TypeQuery {
    let mut query = query.showing(property.clone());
    let none = match property {
        Property::Field(name) => Some(Expr::IsNull(Operand::Property(name.clone()))),
        Property::Geometry => {
            query.of.view.schema().geometry.as_ref().map(|geometry| Expr::NoGeometry(geometry.name.clone()))
        }
        Property::Id => None,
    };
    if let Some(none) = none {
        query.and(Expr::Not(Box::new(none)));
    }
    query
}
