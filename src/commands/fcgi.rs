//! `graticule fcgi`.

use graticule::gateways::fastcgi::serve;
use graticule::gateways::http::stopped;

use super::Done;
use super::behind::{self, Options};

const LISTEN: &str = "127.0.0.1:9000";

pub(crate) fn run(options: &Options) -> Done {
    behind::run(options, "FastCGI", LISTEN, |server, listener, patience| serve(server, listener, patience, stopped()))
}
