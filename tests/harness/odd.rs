//! The odd layers: everything that data in the wild has and sample data has not.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::made;
use super::package::Package;
use super::shape::Shape;

/// Rows of the layer `many`.
pub(crate) const MANY: usize = 12_345;

/// A file with every odd layer.
pub(crate) fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        made("odd.gpkg", |path| {
            let package = Package::new(path);
            projected(&package);
            without_geometry(&package);
            ids(&package);
            kinds(&package);
            names(&package);
            times(&package);
            shapes(&package);
            package.finish();
        })
    })
}

/// A file with a layer of many points, which fill whole pages.
pub(crate) fn many() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        made("many.gpkg", |path| {
            let package = Package::new(path);
            let mut layer = package.layer("many", "POINT", 4326, "name TEXT, tens INTEGER");
            for number in 0..MANY {
                let (x, y) = ((number % 360) as f64 - 179.5, (number / 360) as f64 * 2.0 - 34.5);
                let name = format!("point number {number}");
                layer.row(Some(&Shape::point(&[x, y])), &[("name", &name), ("tens", &(number as i64 / 10))]);
            }
            layer.with_extent();
            package.finish();
        })
    })
}

/// Coordinates in feet of a state plane, and in metres of the web's Mercator.
fn projected(package: &Package) {
    let mut new_york = package.layer("new_york", "POINT", 2263, "name TEXT, storeys INTEGER");
    let places = [
        ("City Hall", 981_960.0, 198_410.0, 3),
        ("Coney Island", 987_890.0, 149_840.0, 1),
        ("Bronx Zoo", 1_017_400.0, 248_900.0, 2),
    ];
    for (name, x, y, storeys) in &places {
        new_york.row(Some(&Shape::point(&[*x, *y])), &[("name", name), ("storeys", storeys)]);
    }
    new_york.with_extent();
    let mut mercator = package.layer("mercator", "LINESTRING", 3857, "name TEXT");
    for step in 0..25 {
        let (x, y) = (f64::from(step) * 500_000.0 - 6_000_000.0, f64::from(step % 7) * 800_000.0 - 2_400_000.0);
        mercator
            .row(Some(&Shape::line(&[[x, y], [x + 250_000.0, y + 400_000.0]])), &[("name", &format!("line {step}"))]);
    }
}

fn without_geometry(package: &Package) {
    package.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT, weight REAL)");
    package
        .run("INSERT INTO notes VALUES (1, 'one', 0.1), (2, 'two & <three>', 1e300), (7, NULL, NULL), (9, '', -0.0)");
    package.attributes("notes");
    let mut gaps = package.layer("gaps", "POINT", 4326, "name TEXT");
    for number in 0..23 {
        let shape = (number % 3 != 0).then(|| Shape::point(&[f64::from(number), f64::from(-number)]));
        gaps.row(shape.as_ref(), &[("name", &format!("gap {number}"))]);
    }
    package.layer("empty", "POLYGON", 4326, "name TEXT");
}

/// Ids that are no small numbers.
fn ids(package: &Package) {
    let columns = "code TEXT NOT NULL PRIMARY KEY, geom POINT, rank INTEGER";
    let mut text_ids = package.layer_with("text_ids", "POINT", 4326, (false, false), columns);
    for (rank, code) in TEXT_IDS.iter().enumerate() {
        text_ids.row(Some(&Shape::point(&[rank as f64, 50.0])), &[("code", code), ("rank", &(rank as i64))]);
    }
    let mut big_ids = package.layer("big_ids", "POINT", 4326, "large INTEGER");
    for id in BIG_IDS {
        big_ids.row(Some(&Shape::point(&[1.0, 1.0])), &[("fid", &id), ("large", &id)]);
    }
}

/// The ids of the layer `text_ids`, in no order.
pub(crate) const TEXT_IDS: [&str; 16] = [
    "plain",
    "z",
    "z.json",
    ".",
    "...json",
    "a/b",
    "with space",
    "Größe",
    "東京",
    "x.json",
    "y.html",
    "100%",
    "q?r#s&t=u+v",
    "..",
    "O'Neill \"x\"",
    "<b>",
];

/// The ids of the layer `big_ids`, which no double tells apart.
pub(crate) const BIG_IDS: [i64; 5] = [-5, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX - 1, i64::MAX];

/// A column of every type.
fn kinds(package: &Package) {
    let columns = "day DATE, at DATETIME, flag BOOLEAN, bytes BLOB, doc JSON, whole INTEGER, small TINYINT, number REAL, \
                   words TEXT(200)";
    let mut kinds = package.layer("kinds", "POINT", 4326, columns);
    let shape = Shape::point(&[7.5, 46.25]);
    kinds.row(
        Some(&shape),
        &[
            ("day", &"2024-02-29"),
            ("at", &"2024-02-29T12:34:56.789Z"),
            ("flag", &true),
            ("bytes", &vec![0u8, 255, 16]),
            ("doc", &r#"{"a": [1, null, "x"]}"#),
            ("whole", &9_007_199_254_740_993_i64),
            ("small", &-128),
            ("number", &0.1),
            ("words", &"line\nbreak \"quoted\" \\ tab\t \u{1} Zürich 東京 😀 </script>"),
        ],
    );
    kinds.row(
        Some(&shape),
        &[
            ("day", &"1969-12-31"),
            ("flag", &false),
            ("number", &1e-7),
            ("whole", &i64::MIN),
            ("words", &"x' OR '1'='1"),
        ],
    );
    kinds.row(Some(&shape), &[]);
}

/// The layers whose names want escaping.
pub(crate) const NAMES: [&str; 8] =
    ["with space", "dot.ted", "a.json", "quo'te\"s", "Straße–東京", "slash/ed", "per%cent", "a+b&c=d"];

fn names(package: &Package) {
    for name in NAMES {
        let mut layer = package.layer(name, "POINT", 4326, "name TEXT");
        layer.row(Some(&Shape::point(&[8.0, 47.0])), &[("name", &name)]);
        layer.row(Some(&Shape::point(&[9.0, 47.0])), &[("name", &"other")]);
    }
    let columns =
        r#""na me" TEXT, "q'u""ote" TEXT, "größe" INTEGER, "limit" INTEGER, "f" TEXT, "a&b=c" TEXT, "bbox" TEXT"#;
    let mut odd_columns = package.layer("odd_columns", "POINT", 4326, columns);
    for number in 0..5 {
        let text = format!("v {number}&=+%");
        odd_columns.row(
            Some(&Shape::point(&[f64::from(number), 0.0])),
            &[
                ("na me", &text),
                ("q'u\"ote", &text),
                ("größe", &number),
                ("limit", &number),
                ("f", &text),
                ("a&b=c", &text),
            ],
        );
    }
}

/// The instants of the layer `times`; `None` is a feature without a time.
pub(crate) const INSTANTS: [Option<&str>; 7] = [
    Some("2020-01-01T00:00:00Z"),
    Some("2020-06-15T12:00:00Z"),
    None,
    Some("2020-06-15T23:59:59.999Z"),
    Some("2021-01-01T00:00:00Z"),
    Some("1901-01-01T00:00:00Z"),
    None,
];

fn times(package: &Package) {
    let mut times = package.layer("times", "POINT", 4326, "name TEXT, at DATETIME");
    for (number, at) in INSTANTS.iter().enumerate() {
        times.row(Some(&Shape::point(&[number as f64, 10.0])), &[("name", &format!("time {number}")), ("at", at)]);
    }
    times.with_extent();
    package.run("CREATE VIEW recent AS SELECT fid AS OGC_FID, geom, name, at FROM times WHERE at >= '2020-02-01'");
    package.features("recent", "POINT", 4326, false, false);
    let mut spans = package.layer("spans", "POINT", 4326, "name TEXT, began DATE, ended DATE");
    for (number, (began, ended)) in SPANS.iter().enumerate() {
        spans.row(
            Some(&Shape::point(&[number as f64, 20.0])),
            &[("name", &format!("span {number}")), ("began", began), ("ended", ended)],
        );
    }
}

/// First and last day of the features of the layer `spans`.
pub(crate) const SPANS: [(Option<&str>, Option<&str>); 4] =
    [(Some("2000-01-01"), Some("2000-12-31")), (Some("2000-06-01"), None), (None, Some("1999-12-31")), (None, None)];

fn shapes(package: &Package) {
    let mut heights =
        package.layer_with("heights", "POINT", 4326, (true, false), "fid INTEGER PRIMARY KEY, geom POINT, name TEXT");
    for number in 0..5 {
        let place = [f64::from(number), 1.0, f64::from(number) * 100.0];
        heights.row(Some(&Shape::point(&place)), &[("name", &format!("at {number}00 m"))]);
    }
    let mut measured =
        package.layer_with("measured", "POINT", 4326, (false, true), "fid INTEGER PRIMARY KEY, geom POINT");
    measured.row(Some(&Shape::point(&[1.0, 2.0, 99.0]).measured()), &[]);
    let mut both = package.layer_with("both", "POINT", 4326, (true, true), "fid INTEGER PRIMARY KEY, geom POINT");
    both.row(Some(&Shape::point(&[1.0, 2.0, 3.0, 99.0])), &[]);
    let mut wound = package.layer("wound", "POLYGON", 4326, "name TEXT");
    let clockwise = [[0.0, 0.0], [0.0, 4.0], [4.0, 4.0], [4.0, 0.0], [0.0, 0.0]];
    let counter = [[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]];
    wound.row(Some(&Shape::polygon(&[&clockwise, &counter])), &[("name", &"both wrong")]);
    wound.row(Some(&Shape::rectangle(10.0, 0.0, 14.0, 4.0)), &[("name", &"right")]);
    let mut pacific = package.layer("pacific", "GEOMETRY", 4326, "name TEXT");
    let west = [[175.0, -20.0], [180.0, -20.0], [180.0, -15.0], [175.0, -15.0], [175.0, -20.0]];
    let east = [[-180.0, -20.0], [-175.0, -20.0], [-175.0, -15.0], [-180.0, -15.0], [-180.0, -20.0]];
    pacific.row(Some(&Shape::polygons(&[&west, &east])), &[("name", &"Fiji, cut in two")]);
    pacific.row(Some(&Shape::point(&[179.0, 0.0])), &[("name", &"west of the line")]);
    pacific.row(Some(&Shape::point(&[-179.0, 0.0])), &[("name", &"east of the line")]);
    pacific.row(Some(&Shape::point(&[0.0, 0.0])), &[("name", &"on the other side of the world")]);
    pacific.row(Some(&Shape::line(&[[170.0, 5.0], [190.0, 5.0]])), &[("name", &"past 180")]);
}
