//! `GetCapabilities`.

use std::time::Duration;

use crate::base::bbox::Rect;
use crate::base::xml::Writer;
use crate::error::Result;
use crate::formats::gml::Version;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::services::ows::capabilities::{self, Ows};
use crate::services::ows::endpoint::{self, XLINK};
use crate::services::ows::kvp::Kvp;
use crate::services::ows::media_type;
use crate::services::ows::sections::Sections;
use crate::services::ows::sequence::{Held, held};

use super::dialects::{SECTIONS_20, gml};
use super::names::{FeatureType, Names};
use super::{Call, filter_capabilities, srs};

/// How long all extents together may take; what is not known by then is left out, and the next answer has it.
const MEASURING: Duration = Duration::from_millis(500);

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A feature type with what was measured of it.
struct Told {
    of: FeatureType,
    space: Option<Rect>,
}

pub(super) async fn get_capabilities(call: &Call<'_>) -> Result<Response> {
    let (cx, dialect) = (call.cx, call.dialect);
    let kvp = Kvp::new(cx.head());
    let sections = Sections::read(kvp, &SECTIONS_20)?;
    let sequence = cx.update_sequence();
    let is_current = held(kvp, sequence)? == Held::Current;
    let names = Names::new(cx, kvp)?;
    let until = tokio::time::Instant::now() + MEASURING;
    let (mut types, mut measured) = (Vec::new(), 0);
    for of in names.all() {
        let space = match of.schema().geometry {
            Some(_) => of.view.extent(until.saturating_duration_since(tokio::time::Instant::now())).await,
            None => None,
        };
        measured += u32::from(space.is_some());
        types.push(Told { of, space: space.and_then(|extent| extent.space) });
    }
    let usual = if gml(dialect) == Version::V32 { "application/xml" } else { "text/xml" };
    // WFS 1.0.0 knows no such wish.
    let media_type = if gml(dialect) == Version::V2 { usual } else { media_type::wanted(kvp, usual)? };
    let state = format!("{sequence} {measured}");
    let document = Document { call, names: &names, types: &types, sections: &sections, sequence, is_current };
    capabilities::cached(cx, dialect, media_type, &state, async { Ok(document.write()) }).await
}

struct Document<'a> {
    call: &'a Call<'a>,
    names: &'a Names<'a>,
    types: &'a [Told],
    sections: &'a Sections,
    sequence: u64,
    /// Whether the client has it already: OWS Common wants the root alone then.
    is_current: bool,
}

impl Document<'_> {
    fn write(&self) -> Vec<u8> {
        match gml(self.call.dialect) {
            Version::V2 => self.write_10(),
            Version::V31 => self.write_ows(Ows::V10),
            Version::V32 => self.write_ows(Ows::V11),
        }
    }

    fn cx(&self) -> &Context {
        self.call.cx
    }

    fn wants(&self, section: &str) -> bool {
        !self.is_current && self.sections.want(section)
    }

    fn write_ows(&self, ows: Ows) -> Vec<u8> {
        let is_new = ows == Ows::V11;
        let mut xml = Writer::document();
        let (wfs, filter, schema) = if is_new {
            ("http://www.opengis.net/wfs/2.0", ("xmlns:fes", "http://www.opengis.net/fes/2.0"), "2.0/wfs.xsd")
        } else {
            ("http://www.opengis.net/wfs", ("xmlns:ogc", "http://www.opengis.net/ogc"), "1.1.0/wfs.xsd")
        };
        let version = gml(self.call.dialect);
        xml.start(
            "wfs:WFS_Capabilities",
            &[
                ("xmlns:wfs", wfs),
                ("xmlns:ows", ows.namespace()),
                filter,
                ("xmlns:gml", version.namespace()),
                ("xmlns:xlink", XLINK),
                (&format!("xmlns:{}", self.names.prefix), &self.names.namespace),
                ("xmlns:xsi", XSI),
                ("xsi:schemaLocation", &format!("{wfs} http://schemas.opengis.net/wfs/{schema}")),
                ("version", self.call.dialect.version),
                ("updateSequence", &self.sequence.to_string()),
            ],
        );
        let project = self.cx().project();
        if self.wants("ServiceIdentification") {
            capabilities::identification(&mut xml, project, "WFS", &["2.0.0", "1.1.0", "1.0.0"], &[]);
        }
        if self.wants("ServiceProvider") {
            capabilities::provider(&mut xml, project);
        }
        if self.wants("OperationsMetadata") {
            self.operations(&mut xml, ows);
        }
        if self.wants("FeatureTypeList") && !self.types.is_empty() {
            xml.start("wfs:FeatureTypeList", &[]);
            if !is_new {
                xml.start("wfs:Operations", &[]);
                xml.element("wfs:Operation", "Query");
                xml.end();
            }
            self.types.iter().for_each(|told| self.feature_type(&mut xml, ows, told));
            xml.end();
        }
        if self.wants("Filter_Capabilities") {
            if is_new { filter_capabilities::write_20(&mut xml) } else { filter_capabilities::write_11(&mut xml) }
        }
        xml.finish()
    }

    fn operations(&self, xml: &mut Writer, ows: Ows) {
        xml.start("ows:OperationsMetadata", &[]);
        capabilities::operations(xml, ows, self.cx(), self.call.dialect, |_, _| {});
        if ows == Ows::V11 {
            capabilities::domain(xml, ows, "ows:Parameter", "version", &["2.0.0", "1.1.0", "1.0.0"]);
            for (name, is_there) in CONSTRAINTS {
                capabilities::constraint(xml, name, if is_there { "TRUE" } else { "FALSE" });
            }
            if let Some(most) = self.cx().project().wfs.max_features {
                capabilities::constraint(xml, "CountDefault", &most.to_string());
            }
            xml.start("ows:Constraint", &[("name", "QueryExpressions")]);
            xml.start("ows:AllowedValues", &[]);
            xml.element("ows:Value", "wfs:Query");
            xml.element("ows:Value", "wfs:StoredQuery");
            xml.end();
            xml.end();
        } else if let Some(most) = self.cx().project().wfs.max_features {
            capabilities::domain(xml, ows, "ows:Constraint", "DefaultMaxFeatures", &[&most.to_string()]);
        }
        xml.end();
    }

    fn feature_type(&self, xml: &mut Writer, ows: Ows, told: &Told) {
        let (layer, schema) = (&told.of.layer, told.of.schema());
        let is_new = ows == Ows::V11;
        let version = gml(self.call.dialect);
        let (default, other, none) = if is_new {
            ("wfs:DefaultCRS", "wfs:OtherCRS", "wfs:NoCRS")
        } else {
            ("wfs:DefaultSRS", "wfs:OtherSRS", "wfs:NoSRS")
        };
        xml.start("wfs:FeatureType", &[]);
        xml.element("wfs:Name", &format!("{}:{}", self.names.prefix, told.of.name));
        xml.element("wfs:Title", &layer.title);
        if let Some(description) = &layer.description {
            xml.element("wfs:Abstract", description);
        }
        capabilities::keywords(xml, &layer.keywords);
        if schema.geometry.is_some() {
            xml.element(default, &srs::name_of(&srs::default_crs(schema), version));
            for crs in srs::other_crs(schema) {
                xml.element(other, &srs::name_of(&crs, version));
            }
        } else {
            xml.empty(none, &[]);
        }
        if let Some(space) = told.space.or_else(|| (!is_new).then_some(Rect::WORLD)) {
            xml.start("ows:WGS84BoundingBox", &[]);
            xml.element("ows:LowerCorner", &format!("{} {}", space.min_x, space.min_y));
            xml.element("ows:UpperCorner", &format!("{} {}", space.max_x, space.max_y));
            xml.end();
        }
        xml.end();
    }

    /// WFS 1.0.0 has a form of its own.
    fn write_10(&self) -> Vec<u8> {
        let mut xml = Writer::document();
        let wfs = "http://www.opengis.net/wfs";
        xml.start(
            "WFS_Capabilities",
            &[
                ("xmlns", wfs),
                ("xmlns:ogc", "http://www.opengis.net/ogc"),
                (&format!("xmlns:{}", self.names.prefix), &self.names.namespace),
                ("xmlns:xsi", XSI),
                ("xsi:schemaLocation", &format!("{wfs} http://schemas.opengis.net/wfs/1.0.0/WFS-capabilities.xsd")),
                ("version", "1.0.0"),
                ("updateSequence", &self.sequence.to_string()),
            ],
        );
        let project = self.cx().project();
        xml.start("Service", &[]);
        xml.element("Name", "WFS");
        xml.element("Title", &project.title);
        if let Some(description) = &project.description {
            xml.element("Abstract", description);
        }
        // Also without a word: OWSLib reads it unseen.
        xml.element("Keywords", &project.keywords.join(", "));
        xml.element("OnlineResource", &endpoint::plain(self.cx()));
        xml.end();
        xml.start("Capability", &[]);
        xml.start("Request", &[]);
        for operation in self.call.dialect.operations {
            xml.start(operation.name, &[]);
            match operation.name {
                "DescribeFeatureType" => {
                    xml.start("SchemaDescriptionLanguage", &[]);
                    xml.empty("XMLSCHEMA", &[]);
                    xml.end();
                }
                "GetFeature" => {
                    xml.start("ResultFormat", &[]);
                    xml.empty("GML2", &[]);
                    xml.end();
                }
                _ => {}
            }
            for (method, url) in [("Get", endpoint::prefix(self.cx())), ("Post", endpoint::plain(self.cx()))] {
                xml.start("DCPType", &[]);
                xml.start("HTTP", &[]);
                xml.empty(method, &[("onlineResource", &url)]);
                xml.end();
                xml.end();
            }
            xml.end();
        }
        xml.end();
        xml.end();
        xml.start("FeatureTypeList", &[]);
        xml.start("Operations", &[]);
        xml.empty("Query", &[]);
        xml.end();
        for told in self.types {
            self.feature_type_10(&mut xml, told);
        }
        xml.end();
        filter_capabilities::write_10(&mut xml);
        xml.finish()
    }

    fn feature_type_10(&self, xml: &mut Writer, told: &Told) {
        let layer = &told.of.layer;
        xml.start("FeatureType", &[]);
        xml.element("Name", &format!("{}:{}", self.names.prefix, told.of.name));
        xml.element("Title", &layer.title);
        if let Some(description) = &layer.description {
            xml.element("Abstract", description);
        }
        if !layer.keywords.is_empty() {
            xml.element("Keywords", &layer.keywords.join(", "));
        }
        xml.element("SRS", &srs::name_of(&srs::default_crs(told.of.schema()), Version::V2));
        if let Some(space) = told.space {
            let numbers = [("minx", space.min_x), ("miny", space.min_y), ("maxx", space.max_x), ("maxy", space.max_y)];
            let texts = numbers.map(|(name, number)| (name, number.to_string()));
            xml.empty("LatLongBoundingBox", &texts.each_ref().map(|(name, text)| (*name, text.as_str())));
        }
        xml.end();
    }
}

/// Conformance of 2.0.0 (ISO 19142, table 13).
const CONSTRAINTS: [(&str, bool); 15] = [
    ("ImplementsBasicWFS", true),
    ("ImplementsTransactionalWFS", false),
    ("ImplementsLockingWFS", false),
    ("KVPEncoding", true),
    ("XMLEncoding", true),
    ("SOAPEncoding", false),
    ("ImplementsInheritance", false),
    ("ImplementsRemoteResolve", false),
    ("ImplementsResultPaging", true),
    ("ImplementsStandardJoins", false),
    ("ImplementsSpatialJoins", false),
    ("ImplementsTemporalJoins", false),
    ("ImplementsFeatureVersioning", false),
    ("ManageStoredQueries", false),
    ("PagingIsTransactionSafe", false),
];
