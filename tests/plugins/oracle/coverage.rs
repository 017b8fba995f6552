//! Random limits on coverages. Two servers have rasters that differ in the forbidden pixels alone: every answer of theirs must
//! be the same, whatever is asked, for then nothing of a forbidden pixel came out. And what is allowed must be there.

use std::path::Path;

use gdal::raster::Buffer;
use gdal::spatial_ref::SpatialRef;
use graticule::Server;
use graticule::base::bbox::Rect;
use graticule::base::crs::Crs;
use graticule::expr::{Expr, GeometryLiteral, Relation};
use graticule::model::geometry::Figure;
use graticule::project::open::open;
use graticule::project::settings;
use proptest::prelude::*;

use super::judge::{Verdict, same};
use crate::kit::{ask, builder};
use crate::rules::{Rule, Rules};

/// Pixels of a side; the raster lies between -12 and 12.
const SIDE: usize = 24;

fn exact(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap())
}

/// A condition on a place, with a meaning of its own.
#[derive(Clone, Debug)]
enum Place {
    Box([f64; 4]),
    /// Corners counter-clockwise; inside of it, or outside.
    Triangle([(f64, f64); 3], Relation),
    And(Vec<Place>),
    Or(Vec<Place>),
    Not(Box<Place>),
}

impl Place {
    fn holds(&self, x: f64, y: f64) -> bool {
        match self {
            Place::Box([min_x, min_y, max_x, max_y]) => *min_x < x && x < *max_x && *min_y < y && y < *max_y,
            Place::Triangle(corners, relation) => {
                let [a, b, c] = *corners;
                let is_left = |p: (f64, f64), q: (f64, f64)| (q.0 - p.0) * (y - p.1) - (q.1 - p.1) * (x - p.0) > 0.0;
                let is_inside = is_left(a, b) && is_left(b, c) && is_left(c, a);
                is_inside == (*relation != Relation::Disjoint)
            }
            Place::And(parts) => parts.iter().all(|part| part.holds(x, y)),
            Place::Or(parts) => parts.iter().any(|part| part.holds(x, y)),
            Place::Not(part) => !part.holds(x, y),
        }
    }

    fn expr(&self) -> Expr {
        let all = |parts: &[Place]| parts.iter().map(Place::expr).collect();
        match self {
            Place::Box([min_x, min_y, max_x, max_y]) => {
                let rect = Rect { min_x: *min_x, min_y: *min_y, max_x: *max_x, max_y: *max_y };
                Expr::Bbox { rects: vec![rect], z: None, crs: Crs::Crs84 }
            }
            Place::Triangle([a, b, c], relation) => {
                let ring = [a, b, c, a].map(|&(x, y)| [x, y, f64::NAN]).to_vec();
                Expr::Spatial {
                    relation: *relation,
                    property: "geom".to_owned(),
                    geometry: GeometryLiteral::new(&Figure::Polygon(vec![ring]), Crs::Crs84),
                    distance: None,
                }
            }
            Place::And(parts) => Expr::And(all(parts)),
            Place::Or(parts) => Expr::Or(all(parts)),
            Place::Not(part) => Expr::Not(Box::new(part.expr())),
        }
    }

    fn is_simple(&self) -> bool {
        matches!(self, Place::Box(_) | Place::Triangle(..))
    }
}

fn any_place() -> impl Strategy<Value = Place> {
    let at = || (-130..130_i32).prop_map(|tenths| f64::from(tenths) / 10.0 + 0.03);
    let size = || (1..150_i32).prop_map(|tenths| f64::from(tenths) / 10.0);
    let relation = prop::sample::select(vec![Relation::Intersects, Relation::Within, Relation::Disjoint]);
    let leaf = prop_oneof![
        3 => (at(), at(), size(), size()).prop_map(|(x, y, w, h)| Place::Box([x, y, x + w, y + h])),
        2 => (at(), at(), size(), size(), -5.0..5.0f64, relation).prop_map(|(x, y, w, h, skew, relation)| {
            Place::Triangle([(x, y), (x + w, y), (x + w / 2.0 + skew, y + h)], relation)
        }),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Place::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Place::Or),
            inner.prop_map(|part| Place::Not(Box::new(part))),
        ]
    })
}

/// A raster and what policies say of it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    is_mercator: bool,
    with_nodata: bool,
    places: Vec<Place>,
    /// Whether the first band is hidden.
    hides_band: bool,
    requests: Vec<Request>,
}

#[derive(Clone, Debug)]
struct Request {
    crs: u32,
    area: [f64; 4],
    size: (u32, u32),
    interpolation: &'static str,
}

pub(super) fn any_case() -> impl Strategy<Value = Case> {
    let area =
        (-13.0..12.0f64, -13.0..12.0f64, 0.5..26.0f64, 0.5..26.0f64).prop_map(|(x, y, w, h)| [x, y, x + w, y + h]);
    let request = (
        prop::sample::select(vec![4326_u32, 3857, 32631]),
        area,
        (1..60_u32, 1..60_u32),
        prop::sample::select(vec!["nearest neighbor", "bilinear", "bicubic", "average"]),
    )
        .prop_map(|(crs, area, size, interpolation)| Request { crs, area, size, interpolation });
    (
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(any_place(), 1..3),
        prop::bool::weighted(0.2),
        prop::collection::vec(request, 4),
    )
        .prop_map(|(is_mercator, with_nodata, places, hides_band, requests)| Case {
            is_mercator,
            with_nodata,
            places,
            hides_band,
            requests,
        })
}

fn mercator(x: f64, y: f64) -> (f64, f64) {
    const RADIUS: f64 = 6_378_137.0;
    (RADIUS * x.to_radians(), RADIUS * y.to_radians().tan().asinh())
}

impl Case {
    /// The edge of a column or row as longitude and latitude; rows from the top.
    fn corner(&self, column: f64, row: f64) -> (f64, f64) {
        let (x, y) = (column - 12.0, 12.0 - row);
        if !self.is_mercator {
            return (x, y);
        }
        // Rows are of one height in metres there.
        let top = mercator(0.0, 12.0).1;
        (x, (y / 12.0 * top / 6_378_137.0).sinh().atan().to_degrees())
    }

    /// Whether all of a pixel may be seen, as far as so many points of it tell.
    fn is_allowed(&self, column: usize, row: usize, points: [f64; 5]) -> bool {
        points.into_iter().all(|down| {
            points.into_iter().all(|across| {
                let (x, y) = self.corner(exact(column) + across, exact(row) + down);
                self.places.iter().all(|place| place.holds(x, y))
            })
        })
    }

    fn allowed(&self, at: usize) -> bool {
        self.is_allowed(at % SIDE, at / SIDE, [0.02, 0.25, 0.5, 0.75, 0.98])
    }

    fn sample(at: usize, band: usize) -> i16 {
        i16::try_from(1000 * band + at).unwrap()
    }

    /// Writes the raster; what may not be seen is something else in the other one.
    fn write(&self, path: &Path, is_other: bool) {
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
        let mut dataset = driver.create_with_band_type::<i16, _>(path, SIDE, SIDE, 2).unwrap();
        let (west, north) = if self.is_mercator { mercator(-12.0, 12.0) } else { (-12.0, 12.0) };
        let pixel = [-2.0 * west / exact(SIDE), -2.0 * north / exact(SIDE)];
        dataset.set_geo_transform(&[west, pixel[0], 0.0, north, 0.0, pixel[1]]).unwrap();
        let code = if self.is_mercator { 3857 } else { 4326 };
        dataset.set_spatial_ref(&SpatialRef::from_epsg(code).unwrap()).unwrap();
        for band in 1..=2 {
            let hidden = |at: usize| !self.allowed(at) || (self.hides_band && band == 1);
            let value = |at: usize| {
                if is_other && hidden(at) {
                    20_000 + i16::try_from(at * 7 % 9000).unwrap()
                } else {
                    Self::sample(at, band)
                }
            };
            let mut buffer = Buffer::new((SIDE, SIDE), (0..SIDE * SIDE).map(value).collect());
            let mut raster = dataset.rasterband(band).unwrap();
            raster.write((0, 0), (SIDE, SIDE), &mut buffer).unwrap();
            if self.with_nodata {
                raster.set_no_data_value(Some(-1.0)).unwrap();
            }
        }
        // Pixels of an overview are made of those that may be seen and those that may not.
        dataset.build_overviews("AVERAGE", &[2, 4], &[]).unwrap();
        dataset.close().unwrap();
    }

    fn server(&self, folder: &Path, is_other: bool) -> Server {
        let folder = folder.join(if is_other { "other" } else { "one" });
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("raster.tif");
        self.write(&path, is_other);
        let settings = settings::Project { data: vec![path.to_str().unwrap().into()], ..settings::Project::default() };
        let opened = open(&settings, None);
        assert!(opened.faults.is_empty(), "{:?}", opened.faults);
        let rule = |number: usize, place: &Place| Rule {
            attributes: (self.hides_band && number == 0).then(|| vec!["band2".to_owned()]),
            ..Rule::rows(place.expr())
        };
        let mut builder = builder(opened.project);
        for (number, place) in self.places.iter().enumerate() {
            builder = builder.access(Rules::new([("raster", rule(number, place))]), 0);
        }
        builder.build().unwrap()
    }
}

impl Request {
    /// The box in the system of the request.
    fn bbox(&self) -> String {
        let [min_x, min_y, max_x, max_y] = self.area;
        let corners = match self.crs {
            3857 => [mercator(min_x, min_y), mercator(max_x, max_y)],
            // About the same place in a zone whose middle is 3 degrees east.
            32631 => [(min_x, min_y), (max_x, max_y)].map(|(x, y)| (500_000.0 + (x - 3.0) * 111_000.0, y * 111_000.0)),
            _ => [(min_x, min_y), (max_x, max_y)],
        };
        format!("{},{},{},{}", corners[0].0, corners[0].1, corners[1].0, corners[1].1)
    }

    fn urls(&self) -> Vec<String> {
        let (bbox, (width, height), crs) = (self.bbox(), self.size, self.crs);
        let interpolation = self.interpolation.replace(' ', "%20");
        let [min_x, min_y, max_x, max_y] = self.area;
        let wcs = format!(
            "/ows?SERVICE=WCS&VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=raster&CRS=EPSG:{crs}&BBOX={bbox}&WIDTH={width}\
             &HEIGHT={height}&INTERPOLATION={interpolation}"
        );
        let wms = format!(
            "/ows?SERVICE=WMS&VERSION=1.1.1&LAYERS=raster&STYLES=&SRS=EPSG:{}&BBOX={}&WIDTH={width}&HEIGHT={height}",
            if crs == 32631 { 4326 } else { crs },
            if crs == 32631 { format!("{min_x},{min_y},{max_x},{max_y}") } else { bbox }
        );
        let info = format!("{wms}&REQUEST=GetFeatureInfo&QUERY_LAYERS=raster&X={}&Y={}", width / 2, height / 3);
        vec![
            format!("{wcs}&FORMAT=GeoTIFF"),
            format!("{wcs}&FORMAT=ArcGrid&BANDS=1"),
            format!("{wms}&REQUEST=GetMap&FORMAT=image/png&TRANSPARENT=TRUE"),
            format!("{info}&INFO_FORMAT=text/plain"),
            format!("{info}&INFO_FORMAT=application/json"),
            format!(
                "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=raster&SCALESIZE=i({width}),j({height})\
                 &OUTPUTCRS=EPSG:{crs}"
            ),
        ]
    }
}

/// What is asked beside the requests.
const DOCUMENTS: [&str; 8] = [
    "/coverages/raster",
    "/coverages/raster?f=html",
    "/coverages?f=html",
    "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=DescribeCoverage&COVERAGEID=raster",
    "/ows?SERVICE=WCS&VERSION=1.0.0&REQUEST=DescribeCoverage&COVERAGE=raster",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=raster&FORMAT=application/json",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=raster&FORMAT=image/png",
    "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=raster&SUBSET=i(3,9)&SUBSET=j(0,20)",
];

pub(super) async fn judge(case: &Case) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (case.server(folder.path(), false), case.server(folder.path(), true));
    let urls = DOCUMENTS.map(str::to_owned).into_iter().chain(case.requests.iter().flat_map(Request::urls));
    for url in urls {
        let (answer, again) = (ask(&one, &url).await, ask(&other, &url).await);
        same(&format!("status of {url}"), &answer.status().into(), &again.status().into())?;
        if without_marks(&answer.body) != without_marks(&again.body) {
            let [answer, again] =
                [answer, again].map(|it| String::from_utf8_lossy(&it.body).chars().take(2000).collect());
            let (answer, again): (String, String) = (answer, again);
            return Err(format!("{url} tells of forbidden pixels: {answer} / {again}"));
        }
    }
    whole(case, &one, folder.path()).await
}

/// An answer without its request's id and its time, and without what tells files apart.
fn without_marks(body: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
    let is_mark =
        |line: &str| line.contains("request_id") || line.contains("updateSequence") || line.contains("timeStamp");
    text.split_inclusive(['\n', ',', '>']).filter(|line| !is_mark(line)).collect::<String>().into_bytes()
}

/// The raster as it is: what may be seen is there, with its value, and nothing else.
async fn whole(case: &Case, server: &Server, folder: &Path) -> Verdict {
    let url = "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=raster&FORMAT=image/tiff";
    let answer = ask(server, url).await;
    same(url, &answer.status().into(), &200.into())?;
    let path = folder.join("answer.tif");
    std::fs::write(&path, &answer.body).unwrap();
    let dataset = gdal::Dataset::open(&path).unwrap();
    let band = dataset.rasterband(if case.hides_band { 1 } else { 2 }).unwrap();
    let values = band.read_as::<i16>((0, 0), (SIDE, SIDE), (SIDE, SIDE), None).unwrap();
    let mask = band.open_mask_band().unwrap().read_as::<u8>((0, 0), (SIDE, SIDE), (SIDE, SIDE), None).unwrap();
    for at in 0..SIDE * SIDE {
        let is_there = mask.data()[at] > 0;
        if is_there && !case.allowed(at) {
            return Err(format!("pixel {at} of {url} may not be seen"));
        }
        if is_there && values.data()[at] != Case::sample(at, 2) {
            return Err(format!("pixel {at} of {url} is {}", values.data()[at]));
        }
        // Of a condition made of several a pixel may be hidden that each half of is allowed by another one.
        let must = case.places.iter().all(Place::is_simple)
            && case.is_allowed(at % SIDE, at / SIDE, [-0.02, 0.25, 0.5, 0.75, 1.02]);
        if must && !is_there {
            return Err(format!("pixel {at} of {url} is missing"));
        }
    }
    Ok(())
}
