//! Random rows, policies and requests, held against a brute-force oracle that knows no gate: no forbidden row, value, count,
//! extent or pixel ever comes out, and nothing that is allowed is missing.

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

mod cond;
mod judge;
pub(crate) mod package;
mod requests;
mod wfs;
mod wms;
mod world;

#[test]
fn no_forbidden_row_value_count_or_extent_ever_comes_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    // The same cases at every run; more of them by PROPTEST_CASES.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&(world::any(), requests::any()), |(world, requests)| {
        let told = |fault: String| TestCaseError::fail(fault);
        runtime.block_on(judge::in_memory(&world, &requests)).map_err(told)?;
        runtime.block_on(judge::in_a_package(&world, &requests)).map_err(told)
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
}
