//! `graticule scgi`.

use graticule::gateways::http::stopped;
use graticule::gateways::scgi::serve;

use super::Done;
use super::behind::{self, Options};

const LISTEN: &str = "127.0.0.1:4000";

pub(crate) fn run(options: &Options) -> Done {
    behind::run(options, "SCGI", LISTEN, |server, listener, patience| serve(server, listener, patience, stopped()))
}
