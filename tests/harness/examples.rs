//! A layer with the columns that the examples of CQL2 name, and values about theirs: every class of the language has
//! something to say of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::made;
use super::package::Package;
use super::shape::Shape;

/// Rows of the layer `examples`.
const ROWS: usize = 60;

const COLUMNS: &str = "name TEXT, owner TEXT, city TEXT, road_class TEXT, etat_vol TEXT, \"eo:instrument\" TEXT, \
                       \"eo:cloud_cover\" REAL, \"landsat:wrs_row\" INTEGER, floors INTEGER, taxes REAL, balance REAL, \
                       swimming_pool BOOLEAN, material TEXT, depth REAL, category INTEGER, vehicle_height REAL, \
                       bridge_clearance REAL, value REAL, foo INTEGER, bar REAL, built DATE, demolished DATE, \
                       updated_at DATETIME, starts_at DATETIME, ends_at DATETIME, \"values\" JSON, \"layer:ids\" JSON";

/// A file with the layer.
pub(crate) fn file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        made("examples.gpkg", |path| {
            let package = Package::new(path);
            let mut layer = package.layer("examples", "GEOMETRY", 4326, COLUMNS);
            (0..ROWS).for_each(|at| row(&mut layer, at));
            layer.with_extent();
            package.finish();
        })
    })
}

/// The number's own one of some texts; every seventh row or so has none.
fn one_of<'a>(texts: &[&'a str], at: usize) -> Option<&'a str> {
    (at % 7 != 3).then(|| texts[at % texts.len()])
}

fn row(layer: &mut super::package::Layer<'_>, at: usize) {
    let (step, id) = (at as f64, at as i64);
    let some = |value: f64| (at % 5 != 2).then_some(value);
    let whole = |value: i64| (at % 11 != 5).then_some(value);
    let name = format!("{}{at}", ["foo", "Foo", "FOO bar", "bar"][at % 4]);
    let owner = one_of(&["Mike Jones", "mike", "Beyoncé", "BEYONCE", "Somebody Else", "O'Neill"], at);
    let city = one_of(&["Toronto", "Frankfurt", "Tokyo", "New York", "Zürich"], at);
    let road_class = one_of(&["Straße", "STRASSE", "Οδος", "οδοσ", "strasse", "100%"], at);
    let etat_vol = one_of(&["débárquér", "debarquer", "DÉBARQUER", "Ångström", "a_b", "back\\slash"], at);
    let instrument = one_of(&["OLI_TIRS", "OLI", "oli", "MSI"], at);
    let material = one_of(&["brick", "red brick", "brick red", "wood"], at);
    let date = |days: i64| format!("20{:02}-{:02}-{:02}", 10 + days % 10, 1 + days % 12, 1 + days % 28);
    let (built, demolished) = (date(id), (at % 6 != 1).then(|| date(id + 7)));
    let instant = |days: i64, time: &str| format!("{}T{time}Z", date(days));
    let updated = (at % 8 != 6).then(|| instant(id * 3, "05:29:20.073"));
    let starts = (at % 9 != 4).then(|| format!("1991-10-{:02}T08:21:06Z", 1 + at % 20));
    let ends = (at % 10 != 7).then(|| format!("1991-{:02}-07T08:21:06.393Z", 11 + at % 2));
    let values = match at % 6 {
        0 => Some(r#"["a","b","c"]"#),
        1 => Some(r#"["c","a"]"#),
        2 => Some(r#"["a",1,8]"#),
        3 => Some("[1.5,2]"),
        4 => Some("[]"),
        _ => None,
    };
    let ids =
        one_of(&[r#"["layers-ca","layers-us"]"#, r#"["layers-ca"]"#, r#"["layers-us","layers-de","layers-ca"]"#], at);
    layer.row(
        shape(at).as_ref(),
        &[
            ("name", &name),
            ("owner", &owner),
            ("city", &city),
            ("road_class", &road_class),
            ("etat_vol", &etat_vol),
            ("eo:instrument", &instrument),
            ("eo:cloud_cover", &some(step % 8.0 / 8.0)),
            ("landsat:wrs_row", &whole(id % 30)),
            ("floors", &whole(id % 9)),
            ("taxes", &some(step * 12.5 + 100.0)),
            ("balance", &some(step * 10.0 - 150.0)),
            ("swimming_pool", &(at % 4 != 3).then_some(at.is_multiple_of(3))),
            ("material", &material),
            ("depth", &some(100.0 + step)),
            ("category", &whole(id % 5)),
            ("vehicle_height", &some(2.0 + step % 6.0 / 2.0)),
            ("bridge_clearance", &some(5.5 - step % 7.0 / 2.0)),
            ("value", &some(step / 2.0 - 5.0)),
            ("foo", &whole(id % 7)),
            ("bar", &some(step / 4.0)),
            ("built", &built),
            ("demolished", &demolished),
            ("updated_at", &updated),
            ("starts_at", &starts),
            ("ends_at", &ends),
            ("values", &values),
            ("layer:ids", &ids),
        ],
    );
}

/// Points, lines and areas on a grid, so that they touch, cross, overlap and equal others.
fn shape(at: usize) -> Option<Shape> {
    let (x, y) = ((at % 8) as f64 * 2.0, (at / 8) as f64 * 1.5);
    match at % 6 {
        0 => Some(Shape::point(&[x, y])),
        1 => Some(Shape::line(&[[x, y], [x + 3.0, y + 1.5], [x + 4.0, y]])),
        2 => Some(Shape::rectangle(x, y, x + 2.0, y + 1.5)),
        3 => Some(Shape::rectangle(x - 1.0, y - 0.75, x + 3.0, y + 2.25)),
        4 => Some(Shape::polygon(&[&[[x, y], [x + 4.0, y], [x + 2.0, y + 3.0], [x, y]]])),
        _ => None,
    }
}
