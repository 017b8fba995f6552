//! Stored queries: the one that every WFS 2.0 has, and the two operations that tell of it.

use http::Method;

use crate::base::xml::{Element, Writer as XmlWriter};
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::formats::gml::{FeatureWriter, Version};
use crate::formats::{Closing, Encoder, Opening, Part, geojson};
use crate::message::response::Response;
use crate::services::ows::kvp::{Kvp, invalid};

use super::Call;
use super::ask::{BY_ID, TypeQuery, time_stamp};
use super::collection::{Collection, WFS_20};
use super::get_feature::feature_type;
use super::names::Names;
use super::output_format::OutputFormat;

const XML: &str = "application/xml";

fn root(xml: &mut XmlWriter, name: &str, names: &Names<'_>) {
    xml.start(
        name,
        &[
            ("xmlns:wfs", WFS_20),
            ("xmlns:gml", Version::V32.namespace()),
            ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
            (&format!("xmlns:{}", names.prefix), &names.namespace),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xsi:schemaLocation", &format!("{WFS_20} http://schemas.opengis.net/wfs/2.0/wfs.xsd")),
        ],
    );
}

/// `ListStoredQueries`.
pub(super) fn list_stored_queries(call: &Call<'_>) -> Result<Response> {
    let names = Names::new(call.cx, Kvp::new(call.cx.head()))?;
    let mut xml = XmlWriter::document();
    root(&mut xml, "wfs:ListStoredQueriesResponse", &names);
    xml.start("wfs:StoredQuery", &[("id", BY_ID[0])]);
    xml.element("wfs:Title", "Feature by its id");
    for of in names.all() {
        xml.element("wfs:ReturnFeatureType", &format!("{}:{}", names.prefix, of.name));
    }
    Ok(Response::ok(XML, xml.finish()))
}

/// `DescribeStoredQueries`.
pub(super) fn describe_stored_queries(call: &Call<'_>) -> Result<Response> {
    let kvp = Kvp::new(call.cx.head());
    let names = Names::new(call.cx, kvp)?;
    let asked: Vec<&str> = match &call.xml {
        Some(root) => root.children_named("StoredQueryId").map(Element::trimmed).collect(),
        None => kvp.list("STOREDQUERY_ID")?.unwrap_or_default(),
    };
    if let Some(unknown) = asked.iter().find(|id| !BY_ID.contains(id)) {
        return Err(invalid("STOREDQUERY_ID", unknown, BY_ID[0]));
    }
    let mut xml = XmlWriter::document();
    root(&mut xml, "wfs:DescribeStoredQueriesResponse", &names);
    xml.start("wfs:StoredQueryDescription", &[("id", asked.first().copied().unwrap_or(BY_ID[0]))]);
    xml.element("wfs:Title", "Feature by its id");
    xml.start("wfs:Parameter", &[("name", "id"), ("type", "xsd:string")]);
    xml.element("wfs:Title", "The id of the feature");
    xml.end();
    let types: Vec<String> = names.all().map(|of| format!("{}:{}", names.prefix, of.name)).collect();
    xml.empty(
        "wfs:QueryExpressionText",
        &[
            ("returnFeatureTypes", &types.join(" ")),
            ("language", "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression"),
            ("isPrivate", "true"),
        ],
    );
    Ok(Response::ok(XML, xml.finish()))
}

/// The question for one feature.
pub(super) fn query_by_id(names: &Names<'_>, id: &str) -> Result<TypeQuery> {
    let (of, key) = names.feature(id).ok_or_else(|| unknown(id))?;
    let mut query = TypeQuery::new(of);
    query.and(Expr::Ids(vec![key]));
    Ok(query)
}

fn unknown(id: &str) -> Error {
    Error::new(Kind::UnknownFeature, format!("there is no feature '{id}'")).at("ID")
}

/// `GetFeature` of the stored query: the feature itself is the document (ISO 19142, 7.9.3.6).
pub(super) async fn get_feature_by_id(
    call: &Call<'_>,
    names: &Names<'_>,
    id: &str,
    format: OutputFormat,
) -> Result<Response> {
    let query = query_by_id(names, id)?;
    if call.cx.head().method == Method::HEAD {
        return Ok(Response::ok(format.media_type(), Vec::new()));
    }
    let (question, srs) = match format {
        OutputFormat::Gml(version) => query.query(Some(version)),
        OutputFormat::Other(_) => query.query(None),
    };
    let mut features = query.of.view.features(&question)?;
    let batch = features.next().await.transpose()?.ok_or_else(|| unknown(id))?;
    call.cx.head().trace.add_rows(1);
    let mut out = Vec::new();
    match format {
        OutputFormat::Gml(version) => {
            let of = feature_type(names, &query, &question, srs)?;
            let collection = Collection::new(call.cx, names, version, &[&query.of.name]);
            out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
            FeatureWriter::new(version, &of, "", &collection.namespaces()).write(batch.row(0), &mut out);
            out.push(b'\n');
        }
        OutputFormat::Other(_) => {
            let (name, decimals) = (query.of.name.clone(), query.of.layer.decimals);
            let (schema, layout) = (query.of.schema().clone(), features.layout().clone());
            let mut encoder = geojson::GeoJson::new().with_typed_ids();
            encoder.open(&Opening { time_stamp: time_stamp(), matched: None }, &mut out);
            encoder.part(&Part { name, schema, layout, crs: question.crs, decimals }, &mut out);
            encoder.batch(&batch, &mut out);
            encoder.end_part(&mut out);
            encoder.close(&Closing { links: Vec::new(), matched: Some(1), returned: 1 }, &mut out);
        }
    }
    Ok(Response::ok(format.media_type(), out))
}
