//! What parsers of requests are given by the fuzz driver (`benches/fuzz.rs`), replayed: whatever comes, the answer is an
//! answer, told in well-formed XML, and never a fault of the server.

use std::path::{Path, PathBuf};

use graticule::Server;
use graticule::base::xml::{Limits, parse};
use graticule::message::request::Request;
use graticule::project::{open, settings};
use http::{HeaderValue, Method, StatusCode, header};

/// The inputs of a target, in the order of their names.
pub(crate) fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

/// A server with the sample data and all services.
pub(crate) fn server() -> Server {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let settings = settings::Project { data: vec![sample.into()], ..settings::Project::default() };
    graticule::standard::server(open::open(&settings, None).project).build().unwrap()
}

/// Gives a target its input; the error says what is wrong with the answer.
pub(crate) async fn give(server: &Server, target: &str, input: &[u8]) -> Result<(), String> {
    let request = if target == "xml" {
        let mut request =
            Request::new(Method::POST, "/ows").with_header(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        request.body = input.to_vec().into();
        request
    } else {
        // As the bytes of a URL come: what it cannot have is left out.
        let query: String = input.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
        Request::get(&format!("/ows?{query}"))
    };
    let response = server.handle(request).await;
    let (status, head) = (response.status, response.headers.clone());
    let body = response.body.collect(1 << 26).await.map_err(|error| format!("the answer broke off: {error:?}"))?;
    let is_xml = head.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().windows(3).any(|word| word == b"xml"));
    let limits = Limits { bytes: 1 << 26, nodes: 1 << 22, ..Limits::default() };
    // The exceptions of WMS 1.1.1 have a document type, which the reader refuses.
    if is_xml
        && !body.windows(9).any(|word| word == b"<!DOCTYPE")
        && let Err(fault) = parse(&body, &limits)
    {
        return Err(format!("no well-formed XML: {fault}"));
    }
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return Err(format!("a fault of the server: {}", String::from_utf8_lossy(&body)));
    }
    Ok(())
}

#[cfg(test)]
#[tokio::test]
async fn every_input_of_the_corpus_has_an_answer() {
    let server = server();
    for target in ["xml", "kvp"] {
        let all = inputs(target);
        assert!(all.len() > 5, "the corpus of {target} is there");
        for (path, input) in all {
            if let Err(fault) = give(&server, target, &input).await {
                panic!("{}: {fault}", path.display());
            }
        }
    }
}
