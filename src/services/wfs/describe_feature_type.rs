//! `DescribeFeatureType`: the XML Schema of feature types, from the tables that their features are written by.

use crate::base::xml::Writer;
use crate::error::Result;
use crate::formats::gml::{self, Version};
use crate::message::response::Response;
use crate::services::ows::capabilities;
use crate::services::ows::kvp::{Kvp, invalid};

use super::Call;
use super::dialects::gml;
use super::names::{FeatureType, Names};
use super::output_format::{GML2, GML31, GML32, OutputFormat};

pub(super) async fn describe_feature_type(call: &Call<'_>) -> Result<Response> {
    let (cx, kvp) = (call.cx, Kvp::new(call.cx.head()));
    let names = Names::new(cx, kvp)?;
    let mut types: Vec<FeatureType> = Vec::new();
    let format;
    if let Some(xml) = &call.xml {
        for element in xml.children_named("TypeName") {
            types.push(names.find_in("TYPENAME", element.trimmed(), element)?);
        }
        format = xml.attribute("outputFormat").map(str::to_owned);
    } else {
        if let Some((at, text)) = kvp.first(&["TYPENAMES", "TYPENAME"])? {
            for name in text.split(['(', ')', ',']).map(str::trim).filter(|name| !name.is_empty()) {
                types.push(names.find(at, name)?);
            }
        }
        format = kvp.text("OUTPUTFORMAT")?.map(str::to_owned);
    }
    let usual = gml(call.dialect);
    let version = match format.as_deref() {
        None => usual,
        Some(name) if name.eq_ignore_ascii_case("XMLSCHEMA") => usual,
        Some(name) => match OutputFormat::read(name, usual) {
            Ok(OutputFormat::Gml(version)) => version,
            // A schema is XML, whatever the features will be.
            Ok(OutputFormat::Other(_)) => usual,
            Err(_) => {
                let expected = format!("the GML of a schema: XMLSCHEMA, {}, {} or {}", GML32[0], GML31[0], GML2[0]);
                return Err(invalid("OUTPUTFORMAT", name, &expected));
            }
        },
    };
    if types.is_empty() {
        types.extend(names.all());
    }
    types.sort_by(|a, b| a.name.cmp(&b.name));
    types.dedup_by(|a, b| a.name == b.name);
    let media_type = OutputFormat::Gml(version).media_type();
    let ids: Vec<&str> = types.iter().map(|it| it.name.as_str()).collect();
    // The body of a POST is in no key of the cache.
    let state = format!("{ids:?}");
    capabilities::cached(cx, call.dialect, media_type, &state, async { Ok(schema(version, &names, &types)) }).await
}

/// The schema of some feature types.
pub(super) fn schema(version: Version, names: &Names<'_>, types: &[FeatureType]) -> Vec<u8> {
    let mut xml = Writer::document();
    xml.start(
        "xsd:schema",
        &[
            ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
            ("xmlns:gml", version.namespace()),
            (&format!("xmlns:{}", names.prefix), &names.namespace),
            ("targetNamespace", &names.namespace),
            ("elementFormDefault", "qualified"),
            ("version", "1.0"),
        ],
    );
    let location = version.schema_location();
    xml.empty("xsd:import", &[("namespace", version.namespace()), ("schemaLocation", location)]);
    for of in types {
        gml::write_type(&mut xml, version, names.prefix, &of.name, of.schema());
    }
    xml.finish()
}
