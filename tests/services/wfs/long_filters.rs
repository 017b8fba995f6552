//! Filters of thousands of terms, on a GeoPackage: SQLite takes no deep trees.

use http::Method;

use super::{members, read, sample};
use crate::kit::{Answer, ask_with};

async fn fes(server: &graticule::Server, filter: &str, more: &str) -> Answer {
    let body = format!(
        r#"<GetFeature xmlns="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" service="WFS" version="2.0.0" {more}>
        <Query typeNames="countries"><fes:Filter>{filter}</fes:Filter></Query></GetFeature>"#
    );
    ask_with(server, Method::POST, "/ows", &[("content-type", "text/xml")], &body).await
}

fn term(operator: &str, name: &str, literal: &str) -> String {
    format!(
        "<fes:{operator}><fes:ValueReference>{name}</fes:ValueReference><fes:Literal>{literal}</fes:Literal></fes:{operator}>"
    )
}

/// So many terms under a word.
fn joined(word: &str, count: usize, make: impl Fn(usize) -> String) -> String {
    let terms: String = (0..count).map(make).collect();
    format!("<fes:{word}>{terms}</fes:{word}>")
}

#[tokio::test]
async fn a_thousand_terms_were_a_fault_of_the_server() {
    let server = sample();
    let chad = term("PropertyIsEqualTo", "name", "Chad");
    let many = [
        joined("Or", 4000, |at| term("PropertyIsEqualTo", "name", &format!("x{at}"))),
        joined("Or", 1500, |at| {
            term("PropertyIsEqualTo", if at % 2 == 0 { "name" } else { "continent" }, &format!("x{at}"))
        }),
        joined("Or", 1500, |at| term("PropertyIsLessThan", "pop_est", &format!("-{}", at + 1))),
    ];
    for filter in &many {
        let filter = format!("<fes:Or>{filter}{chad}</fes:Or>");
        let answer = fes(&server, &filter, "").await;
        assert_eq!(members(&read(&answer)).len(), 1, "{}", answer.text());
        let hits = fes(&server, &filter, "resultType=\"hits\"").await;
        assert_eq!(read(&hits).attribute("numberMatched"), Some("1"), "{}", hits.text());
    }
    let filter = format!(
        "<fes:And>{}{chad}</fes:And>",
        joined("And", 3000, |at| term("PropertyIsNotEqualTo", "name", &format!("x{at}")))
    );
    assert_eq!(members(&read(&fes(&server, &filter, "").await)).len(), 1);
    let ids = joined("Or", 2000, |at| format!("<fes:ResourceId rid=\"countries.{at}\"/>"));
    let one = format!("<fes:And>{ids}{chad}</fes:And>");
    assert_eq!(members(&read(&fes(&server, &one, "").await)).len(), 1);
}

#[tokio::test]
async fn brackets_within_brackets_were_a_fault_of_the_server() {
    let server = sample();
    let mut filter = term("PropertyIsEqualTo", "name", "Chad");
    for at in 0..48 {
        let other = term("PropertyIsEqualTo", "name", &format!("x{at}"));
        filter = match at % 3 {
            0 => format!("<fes:Not>{filter}</fes:Not>"),
            1 => format!("<fes:And>{filter}<fes:Not>{other}</fes:Not></fes:And>"),
            _ => format!("<fes:Or>{filter}{other}</fes:Or>"),
        };
    }
    let answer = fes(&server, &filter, "").await;
    assert_eq!(members(&read(&answer)).len(), 1, "{}", answer.text());
}
