//! Legends: pictures and JSON.

use serde_json::Value;

use crate::wms_kit::{ask, server};

const LEGEND: &str = "VERSION=1.3.0&REQUEST=GetLegendGraphic&FORMAT=image/png";

#[test]
fn a_legend_shows_the_rules_of_a_style() {
    let server = server();
    let of = |more: &str| ask(&server, &format!("{LEGEND}&{more}")).picture();
    let plain = of("LAYER=countries");
    let large = of("LAYER=countries&STYLE=large");
    assert!(plain.painted() > 50 && large.height > plain.height);
    let has = |picture: &crate::wms_kit::Picture, colour: [u8; 4]| {
        (0..picture.width).any(|x| (0..picture.height).any(|y| picture.at(x, y) == colour))
    };
    assert!(has(&plain, [0, 255, 0, 255]) && !has(&plain, [255, 0, 0, 255]));
    assert!(has(&large, [255, 0, 0, 255]) && has(&large, [0, 0, 255, 255]));
    // The spellings of GetMap, and several layers above each other.
    let both = of("LAYERS=countries,cities&STYLES=large,");
    assert!(both.height > large.height && has(&both, [255, 0, 0, 255]) && has(&both, [0, 0, 0, 255]));
    assert_eq!(of("LAYER=world").height, of("LAYERS=countries,cities").height);
}

#[test]
fn one_rule_is_a_bare_symbol_of_the_size_that_is_wanted() {
    let server = server();
    let red = ask(&server, &format!("{LEGEND}&LAYER=countries&STYLE=large&RULE=Large&WIDTH=24&HEIGHT=18")).picture();
    assert_eq!((red.width, red.height, red.at(12, 9)), (24, 18, [255, 0, 0, 255]));
    let fault = ask(&server, &format!("{LEGEND}&LAYER=countries&STYLE=large&RULE=Nope"));
    assert_eq!(fault.status, 400);
}

#[test]
fn titles_can_be_left_out() {
    let server = server();
    let of = |more: &str| ask(&server, &format!("{LEGEND}&LAYER=countries&STYLE=large&{more}")).picture();
    let whole = of("");
    assert!(of("LAYERTITLE=FALSE").height < whole.height);
    assert!(of("RULELABEL=FALSE&LAYERTITLE=FALSE").width < whole.width);
    assert_eq!(of("TRANSPARENT=TRUE").at(0, 0), [0; 4]);
}

#[test]
fn json_has_icons_and_titles() {
    let server = server();
    let answer = ask(
        &server,
        &format!("{}&LAYERS=countries,cities&STYLES=large,", LEGEND.replace("image/png", "application/json")),
    );
    assert_eq!(answer.media_type, "application/json", "{}", answer.text());
    let json: Value = serde_json::from_slice(&answer.body).unwrap();
    let nodes = json["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    let countries = nodes.iter().find(|node| node["title"] == "Countries").unwrap();
    assert_eq!((countries["type"].as_str(), countries["symbols"][0]["title"].as_str()), (Some("layer"), Some("Large")));
    let cities = nodes.iter().find(|node| node["title"] == "Cities").unwrap();
    assert!(cities["icon"].as_str().unwrap().starts_with("iVBOR"));
}
