//! Boxes over layers in many systems, against a look at every place that is answered.

use std::sync::Arc;

use proptest::prelude::*;

use super::memory::Memory;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::extent::Extent;
use crate::data::gate::Locked;
use crate::data::plan::Plan;
use crate::data::query::Query;
use crate::data::rows::Rows;
use crate::data::source::{FeatureSource, Pending};
use crate::error::Result;
use crate::expr::Expr;
use crate::model::batch::Cell;
use crate::model::geometry::envelope;
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::schema::{GeometryField, GeometryKind, KeyKind, Schema};
use crate::model::value::FeatureId;

/// Memory that takes boxes, as a file with an index does.
struct Indexed(Memory);

impl FeatureSource for Indexed {
    fn schema(&self) -> &Arc<Schema> {
        self.0.schema()
    }

    fn takes(&self, conjunct: &Expr) -> bool {
        matches!(conjunct, Expr::Bbox { .. })
    }

    fn pages(&self) -> bool {
        false
    }

    fn features(&self, plan: Plan) -> Rows {
        self.0.features(plan)
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        self.0.count(plan)
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        self.0.extent()
    }

    fn state(&self) -> u64 {
        self.0.state()
    }
}

/// Systems and where in them the points are thrown, mostly further out than they are made for.
fn systems() -> Vec<(Crs, [f64; 4])> {
    let epsg = |code, sides| (Crs::Epsg(code), sides);
    vec![
        epsg(32633, [-2e6, 0.0, 3e6, 9e6]),
        epsg(32601, [0.0, 0.0, 1.5e6, 9e6]),
        epsg(3857, [-20_037_508.0, -2e7, 20_040_000.0, 2e7]),
        epsg(3035, [1.5e6, 0.9e6, 7.5e6, 6.5e6]),
        epsg(2263, [8e5, 1e5, 1.2e6, 4e5]),
        epsg(3031, [-4e6, -4e6, 4e6, 4e6]),
        epsg(3995, [-4e6, -4e6, 4e6, 4e6]),
        epsg(3832, [-1.9e7, -1e7, 1.9e7, 1e7]),
        epsg(2193, [0.9e6, 4.5e6, 2.8e6, 6.3e6]),
        epsg(5070, [-2.5e6, 2e5, 2.5e6, 3.3e6]),
        epsg(31467, [3.2e6, 5.2e6, 3.8e6, 6.2e6]),
        epsg(2056, [2.4e6, 1e6, 2.9e6, 1.4e6]),
        epsg(2451, [-2e5, -2e5, 2e5, 2e5]),
        epsg(4314, [-180.0, -90.0, 180.0, 90.0]),
        (Crs::Definition("ESRI:54009".into()), [-1.7e7, -8.9e6, 1.7e7, 8.9e6]),
    ]
}

fn layer(crs: &Crs, sides: [f64; 4], places: &[(f64, f64)]) -> Locked {
    let geometry = GeometryField {
        name: "geom".to_owned(),
        kind: GeometryKind::Point,
        crs: crs.clone(),
        epoch: None,
        has_z: false,
    };
    let schema =
        Schema { fields: Vec::new(), key: ("fid".to_owned(), KeyKind::Integer), geometry: Some(geometry), time: None };
    let row = |(at, (x, y)): (i64, &(f64, f64))| {
        let (x, y) = (sides[0] + x * (sides[2] - sides[0]), sides[1] + y * (sides[3] - sides[1]));
        (FeatureId::Int(at), Some(wkb(&Sample::Point([x, y, 0.0, 0.0]), Style::default())), Vec::new())
    };
    let rows = (0..).zip(places).map(row).collect();
    Locked::new(Arc::new(Indexed(Memory::new(schema, rows).unwrap())))
}

/// The ids and the places of what the gate answers.
fn answers(layer: &Locked, filter: Option<Expr>) -> Vec<(i64, Rect)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let view = layer.view(None, Vec::new());
        let mut features = view.features(&Query { filter, ..Query::default() }).unwrap();
        let mut found = Vec::new();
        while let Some(batch) = features.next().await {
            for row in batch.unwrap().rows() {
                let Cell::Int(id) = row.cell(0) else { panic!("no id") };
                found.push((id, envelope(row.geometry().unwrap()).unwrap().unwrap()));
            }
        }
        found
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_box_finds_what_lies_in_it_as_told(
        places in proptest::collection::vec((0.0..1.0f64, 0.0..1.0f64), 120),
        sizes in proptest::collection::vec((1e-6..40.0f64, 1e-6..40.0f64, 0.0..1.0f64, 0.0..1.0f64), 12),
    ) {
        for (crs, sides) in systems() {
            let layer = layer(&crs, sides, &places);
            let told = answers(&layer, None);
            prop_assert_eq!(told.len(), places.len());
            let mut wanted = vec![Rect::WORLD];
            // Boxes about the features, so that they meet some, and a box that is a feature's place.
            for ((_, place), (width, height, x, y)) in told.iter().filter(|(_, place)| place.max_x.is_finite()).zip(&sizes) {
                let (min_x, min_y) = (place.min_x - width * x, place.min_y - height * y);
                wanted.push(*place);
                wanted.push(Rect { min_x, min_y, max_x: min_x + width, max_y: min_y + height });
            }
            for rect in wanted {
                let found: Vec<i64> = answers(&layer, Some(Expr::Bbox { rects: vec![rect], z: None, crs: Crs::Crs84 })).iter().map(|(id, _)| *id).collect();
                let expected: Vec<i64> =
                    told.iter().filter(|(_, place)| rect.contains(place)).map(|(id, _)| *id).collect();
                prop_assert_eq!(found, expected, "{} {:?}", crs, rect);
            }
        }
    }
}
