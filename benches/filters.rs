//! What filters cost: a page of 100 features through the whole server, without filters and with three that do nothing.
//!
//! `cargo bench --bench filters` measures time. A cost below a tenth is counted, not timed: `make count-filters` runs this
//! program under callgrind with REQUESTS and FILTERS set, and compares the instructions; `make count-codings` does so with
//! CODING, the `Accept-Encoding` of the requests.

#![allow(clippy::expect_used)] // a bench that cannot start says why

use std::hint::black_box;

use criterion::Criterion;
use graticule::exchange::Filter;
use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Server, standard};
use tokio::runtime::Runtime;

struct Nothing;

impl Filter for Nothing {}

const PAGE: &str = "/ogcapi/collections/cities/items?limit=100";

fn server(filters: usize) -> Server {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let builder = (0..filters).fold(standard::server(opened.project), |builder, _| builder.filter(Nothing, 0));
    builder.build().expect("the sample data is there")
}

async fn page(server: &Server) {
    let url = std::env::var("PAGE").unwrap_or_else(|_| PAGE.to_owned());
    let mut request = Request::get(&url);
    if let Ok(coding) = std::env::var("CODING") {
        let coding = coding.parse().expect("a content coding");
        request = request.with_header(http::header::ACCEPT_ENCODING, coding);
    }
    let response = server.handle(request).await;
    black_box(response.body.collect(usize::MAX).await.expect("a page"));
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    if let Some(requests) = number("REQUESTS") {
        let server = server(number("FILTERS").unwrap_or(0));
        return runtime.block_on(async {
            for _ in 0..requests {
                page(&server).await;
            }
        });
    }
    let mut criterion = Criterion::default().configure_from_args();
    for filters in [0, 3] {
        let server = server(filters);
        let mut bench = |bencher: &mut criterion::Bencher<'_>| bencher.iter(|| runtime.block_on(page(&server)));
        criterion.bench_function(&format!("page of 100, {filters} filters"), &mut bench);
    }
    criterion.final_summary();
}
