//! The URL of the services as clients complete it, and how documents print it.

use crate::base::xml::Writer;
use crate::server::context::Context;

/// The namespace of the links.
pub const XLINK: &str = "http://www.w3.org/1999/xlink";

/// The URL of the services in this project, ready for a query to follow: it ends with `?` or `&`, and keeps `MAP=`.
pub fn prefix(cx: &Context) -> String {
    let url = cx.url("/ows");
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}")
}

/// The same for a POST, which has its parameters in the body.
pub fn plain(cx: &Context) -> String {
    cx.url("/ows")
}

/// An `OnlineResource` as WMS, WFS 1.0 and WCS 1.0 have it. It declares `xlink` itself, for the DTD of WMS 1.1.1 lets no other
/// element do so.
pub fn online_resource(xml: &mut Writer, url: &str) {
    xml.empty("OnlineResource", &[("xmlns:xlink", XLINK), ("xlink:type", "simple"), ("xlink:href", url)]);
}

/// The doors of an operation as WMS and WCS 1.0 have them.
pub fn doors(xml: &mut Writer, cx: &Context, post: bool) {
    let all = [("Get", prefix(cx), true), ("Post", plain(cx), post)];
    for (method, url, _) in all.iter().filter(|(.., is_open)| *is_open) {
        for name in ["DCPType", "HTTP", method] {
            xml.start(name, &[]);
        }
        online_resource(xml, url);
        for _ in 0..3 {
            xml.end();
        }
    }
}
