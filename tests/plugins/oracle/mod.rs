//! Random rows, policies and requests, held against a brute-force oracle that knows no gate: no forbidden row, value, count,
//! extent or pixel ever comes out, and nothing that is allowed is missing.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

mod cond;
mod coverage;
mod judge;
pub(crate) mod package;
mod requests;
mod wfs;
mod wms;
mod world;

/// Holds random cases against a judge: the same ones at every run, more of them by `PROPTEST_CASES`.
fn hold<S: Strategy>(cases: u32, what: &S, judge: impl Fn(S::Value) -> judge::Verdict) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(what, |case| judge(case).map_err(TestCaseError::fail));
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn no_forbidden_pixel_of_a_coverage_ever_comes_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    hold(24, &coverage::any_case(), |case| runtime.block_on(coverage::judge(&case)));
}

#[test]
fn no_forbidden_row_value_count_or_extent_ever_comes_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    hold(48, &(world::any(), requests::any()), |(world, requests)| {
        runtime.block_on(judge::in_memory(&world, &requests))?;
        runtime.block_on(judge::in_a_package(&world, &requests))
    });
}
