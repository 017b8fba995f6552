//! The Web Feature Service.

use graticule::base::crs::Crs;
use graticule::base::xml::{Element, Limits, parse};
use graticule::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use graticule::model::value::{FeatureId, Value};
use graticule::project::catalog::{Layer, Project};
use graticule::sources::memory::{Memory, MemoryRow};
use graticule::{Server, standard};

use crate::kit::{Answer, ask};

mod describe;
mod errors;
mod features;
mod long_filters;
mod names_of_xml;
mod negotiation;
mod no_geometry;
mod requests;

/// A layer in memory with names that XML cannot have, of this kind of geometries.
fn odd(id: &str, kind: GeometryKind, crs: Crs, rows: Vec<MemoryRow>) -> Layer {
    let fields = vec![
        Field::new("name", FieldKind::String),
        Field::new("2nd value", FieldKind::Integer),
        Field::new("größe", FieldKind::Number),
        Field::new("on", FieldKind::Boolean),
        Field::new("day", FieldKind::Date),
        Field::new("at", FieldKind::DateTime),
        Field::new("bytes", FieldKind::Binary),
        Field::new("doc", FieldKind::Json),
    ];
    let geometry = Some(GeometryField { name: "the geom".to_owned(), kind, crs, epoch: None, has_z: false });
    let schema = Schema { fields, key: ("id".to_owned(), KeyKind::String), geometry, time: None };
    Layer::new(id, std::sync::Arc::new(Memory::new(schema, rows).unwrap()))
}

/// A row of such a layer.
fn odd_row(id: &str, geometry: Option<Vec<u8>>, values: [Value; 8]) -> MemoryRow {
    (FeatureId::Text(id.to_owned()), geometry, values.into())
}

/// A server with the sample data.
fn sample() -> Server {
    let settings = graticule::project::settings::Project {
        data: vec![crate::harness::SAMPLE.into()],
        ..graticule::project::settings::Project::default()
    };
    let opened = graticule::project::open::open(&settings, None);
    assert!(opened.faults.is_empty(), "{:?}", opened.faults);
    standard::server(opened.project).build().unwrap()
}

fn serve(layers: impl IntoIterator<Item = Layer>) -> Server {
    let mut project = Project::new("Odd");
    for layer in layers {
        project.add(layer).unwrap();
    }
    standard::server(project).build().unwrap()
}

/// An answer of the WFS to a query.
async fn wfs(server: &Server, query: &str) -> Answer {
    ask(server, &format!("/ows?SERVICE=WFS&{query}")).await
}

/// An answer as XML.
fn read(answer: &Answer) -> Element {
    parse(&answer.body, &Limits { bytes: 1 << 26, nodes: 1 << 22, ..Limits::default() })
        .unwrap_or_else(|fault| panic!("{fault}: {}", answer.text()))
}

/// The features of a collection, whatever they are put into.
fn members(root: &Element) -> Vec<&Element> {
    let members = root.children.iter().filter(|child| matches!(&*child.name, "member" | "featureMember"));
    members.flat_map(|member| &member.children).collect()
}
