//! `graticule cgi`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::Args;
use graticule::gateways::cgi::answer;
use graticule::gateways::environ::Environ;
use percent_encoding::percent_decode_str;

use super::Done;
use super::publish::Publish;
use super::running::{Running, published, runtime};

/// Options of `cgi`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(options: &Options) -> Done {
    if std::env::var_os("REQUEST_METHOD").is_none() {
        return Err("REQUEST_METHOD is not set: a web server runs this command, for one request each".to_owned());
    }
    options.running.start_log()?;
    let published = published(&options.publish)?;
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_vec())));
    let environ: Environ = variables.collect();
    let runtime = runtime()?;
    let answered = runtime.block_on(answer(&published.server, &environ, tokio::io::stdin(), tokio::io::stdout()));
    // A thread may still wait for a body that nobody wants.
    runtime.shutdown_background();
    answered.map_err(|error| format!("the answer broke off: {error:?}"))
}

/// Whether the last arguments are words of the query: a web server makes arguments of a query without `=` (RFC 3875, 4.4),
/// and nobody on the web may choose what is published.
pub(crate) fn arguments_are_the_clients(arguments: impl DoubleEndedIterator<Item = OsString>) -> bool {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    std::env::var_os("GATEWAY_INTERFACE").is_some() && ends_with_query(arguments, &query)
}

fn ends_with_query(arguments: impl DoubleEndedIterator<Item = OsString>, query: &str) -> bool {
    if query.is_empty() || query.contains('=') {
        return false;
    }
    let words: Vec<OsString> =
        query.split('+').map(|word| OsString::from_vec(percent_decode_str(word).collect())).collect();
    let last = arguments.rev().take(words.len());
    last.eq(words.into_iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_query_are_no_arguments() {
        let ends = |arguments: &[&str], query| ends_with_query(arguments.iter().map(OsString::from), query);
        assert!(ends(&["graticule", "cgi", "/etc/x.gpkg"], "cgi+/etc/x.gpkg"));
        assert!(ends(&["graticule", "cgi", "--project", "/a b"], "--project+%2Fa%20b"));
        assert!(!ends(&["graticule", "cgi", "x.gpkg"], ""));
        assert!(!ends(&["graticule", "cgi", "x.gpkg"], "f=json"));
        assert!(!ends(&["graticule", "cgi", "x.gpkg"], "word"));
        assert!(!ends(&["cgi"], "serve+cgi"));
    }
}
