//! A walk through the pages of a collection by its links, as any client does it.

use super::client::{Answer, neighbour, send};
use super::gdal;

/// The ids of the features of an answer, as text.
pub(crate) fn ids(answer: &Answer, format: &str) -> Vec<String> {
    let of = |feature: &serde_json::Value| match &feature["id"] {
        serde_json::Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    match format {
        "geojson" => answer.json()["features"].as_array().unwrap().iter().map(of).collect(),
        "geojsonseq" => {
            let text = answer.text();
            let records = text.split('\u{1e}').filter(|record| !record.trim().is_empty());
            records.map(|record| of(&serde_json::from_str(record).unwrap())).collect()
        }
        "csv" => {
            let text = answer.text();
            text.lines()
                .skip(1)
                .filter_map(|line| line.split(',').next())
                .map(|id| id.trim_matches('"').to_owned())
                .collect()
        }
        "html" => {
            let text = answer.text();
            text.split("data-feature=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
        }
        _ => gdal::first_column(&answer.body, format),
    }
}

/// Follows the links with this relation from a first page on, and gives the ids of each page; `between` is told how many
/// pages were read before it goes on.
pub(crate) fn pages(first: &str, format: &str, rel: &str, between: &mut dyn FnMut(usize)) -> Vec<Vec<String>> {
    let accept: &[(&str, &str)] = if format == "html" { &[("accept", "text/html")] } else { &[] };
    let mut page = send("GET", first, accept).expect(200);
    let mut pages = vec![ids(&page, format)];
    while let Some(to) = neighbour(&page, rel) {
        between(pages.len());
        page = send("GET", &to, accept).expect(200);
        pages.push(ids(&page, format));
        assert!(pages.len() < 500, "{first}: a walk without end");
    }
    pages
}

/// The address of the last page.
pub(crate) fn last(first: &str) -> String {
    let mut page = send("GET", first, &[]).expect(200);
    while let Some(to) = neighbour(&page, "next") {
        page = send("GET", &to, &[]).expect(200);
    }
    page.url
}
