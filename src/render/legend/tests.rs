use super::*;
use crate::render::canvas::Rgba;
use crate::render::style::{RasterStyle, Style};

fn style() -> Style {
    toml::from_str(
        r##"
        name = "s"
        rules = [
            { title = "Large", filter = "pop > 5", symbols = [{ fill = "#ff0000" }, { stroke = "#000000" }] },
            { title = "Small", otherwise = true, symbols = [{ fill = "#00ff00" }] },
            { title = "Nothing", symbols = [] },
        ]"##,
    )
    .unwrap()
}

fn layer(style: &Style, kind: GeometryKind) -> LegendLayer {
    LegendLayer { title: "Countries".into(), entries: entries(style, kind) }
}

fn has(picture: &Rgba, colour: [u8; 4]) -> bool {
    picture.pixels().contains(&colour)
}

#[test]
fn each_rule_that_draws_has_a_line() {
    let layer = layer(&style(), GeometryKind::Polygon);
    let titles: Vec<_> = layer.entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["Large", "Small"]);
    let picture = draw(std::slice::from_ref(&layer), &LegendLook::default()).unwrap();
    assert!(has(&picture, [255, 0, 0, 255]) && has(&picture, [0, 255, 0, 255]));
    let bare = LegendLook { titles: false, labels: false, ..LegendLook::default() };
    let smaller = draw(std::slice::from_ref(&layer), &bare).unwrap();
    assert_eq!((smaller.width, smaller.height), (24 + 8, 16 * 2 + 3 + 8));
    let doubled = draw(&[layer], &LegendLook { ratio: 2.0, ..bare }).unwrap();
    assert_eq!((doubled.width, doubled.height), ((24 + 8) * 2, (16 * 2 + 3 + 8) * 2));
}

#[test]
fn symbols_are_shown_on_their_kind_of_geometry() {
    let style: Style = toml::from_str(
        "name = 's'\nrules = [{ symbols = [{ fill = '#f00' }, { stroke = { color = '#0f0', width = 2 } }, { marker = { fill = '#00f' } }] }]",
    )
    .unwrap();
    let shown = |kind| {
        let picture = swatch(&entries(&style, kind)[0].sample, &LegendLook::default());
        [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]].map(|colour| has(&picture, colour))
    };
    assert_eq!(shown(GeometryKind::Polygon), [true, true, false]);
    assert_eq!(shown(GeometryKind::LineString), [false, true, false]);
    assert_eq!(shown(GeometryKind::MultiPoint), [false, false, true]);
    assert_eq!(shown(GeometryKind::Any), [true, true, false]);
}

#[test]
fn a_ramp_goes_on_from_entry_to_entry() {
    let style: RasterStyle = toml::from_str(
        "ramp.stops = [{ value = 0, color = '#000' }, { value = 10, color = '#fff', label = 'high' }, { value = 12.5, color = '#f00' }]",
    )
    .unwrap();
    let entries = raster_entries(&style, &[]);
    let titles: Vec<_> = entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["0", "high", "12.5"]);
    let picture = draw(&[LegendLayer { title: "Height".into(), entries }], &LegendLook::default()).unwrap();
    // No gap in the column of colours.
    let column: Vec<u8> =
        (0..picture.height).map(|y| picture.pixel(10, y)[3]).skip_while(|alpha| *alpha != 255).collect();
    assert!(picture.height > 60 && column.len() > 40);
    let discrete: RasterStyle = toml::from_str(
        "opacity = 0.5\nramp = { interpolation = 'discrete', stops = [{ value = 0, color = '#000' }, { value = 10, color = '#fff' }] }",
    )
    .unwrap();
    let entries = raster_entries(&discrete, &[]);
    assert_eq!(entries[1].title, "0 – 10");
    assert_eq!(entries[0].sample, Sample::Plain(Colour { alpha: 128, ..Colour::BLACK }));
}

#[test]
fn json_has_the_form_that_clients_know() {
    let single = Style::default_for(GeometryKind::Point, "cities");
    let layers = [layer(&single, GeometryKind::Point), layer(&style(), GeometryKind::Polygon)];
    let document = json("", &layers, &LegendLook::default()).unwrap();
    assert_eq!(document["title"], "");
    assert_eq!(document["nodes"][0]["type"], "layer");
    assert!(document["nodes"][0]["icon"].as_str().unwrap().starts_with("iVBORw0KGgo"));
    assert_eq!(document["nodes"][1]["symbols"][1]["title"], "Small");
}

#[test]
fn what_a_client_asks_has_bounds() {
    let layers = vec![layer(&style(), GeometryKind::Polygon); 30];
    let huge = LegendLook { symbol_width: 1e9, symbol_height: f64::NAN, ratio: 1e9, ..LegendLook::default() };
    assert!(swatch(&layers[0].entries[0].sample, &huge).width <= 1000);
    let large = LegendLook { symbol_width: 1e9, symbol_height: 1e9, ratio: 1e9, ..LegendLook::default() };
    assert_eq!(draw(&layers, &large).unwrap_err().kind(), crate::error::Kind::TooLarge);
}
