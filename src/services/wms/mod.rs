//! WMS 1.1.1 and 1.3.0: maps of the project's layers. One file an operation; what differs between the versions is data.

use http::StatusCode;

use crate::error::{Error, Kind, Result};
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::{Dialect, Negotiation, Operation, Service};
use crate::services::ows::kvp::Kvp;
use crate::web::ows_error::{Code, Report};

mod capabilities;
mod drawing;
mod fault;
mod filter;
mod formats;
mod get_capabilities;
mod get_feature_info;
mod get_legend_graphic;
mod get_map;
mod image_request;
mod info;
mod layers;
mod legend_entries;
mod map_area;
mod map_request;
mod offered;
mod parameters;
mod styles;
mod time;
mod values;
mod version;

use version::Version;

/// The codes of both versions; only the one of an unknown reference system has another name in each (1.3.0, table E.1).
macro_rules! codes {
    ($crs:literal) => {
        &[
            Code::bad(Kind::UnknownLayer, "LayerNotDefined"),
            Code::bad(Kind::UnknownCrs, $crs),
            Code::bad(Kind::NotAcceptable, "InvalidFormat"),
            Code::new(Kind::Unsupported, "OperationNotSupported", StatusCode::NOT_IMPLEMENTED),
        ]
    };
}

const fn operation(name: &'static str, also: &'static [&'static str]) -> Operation {
    Operation { name, also, post: false, parameters: &[] }
}

/// The operations, also as WMS 1.0 called them (1.1.1, A.1).
static OPERATIONS: [Operation; 4] = [
    operation("GetCapabilities", &["capabilities"]),
    operation("GetMap", &["map"]),
    operation("GetFeatureInfo", &["feature_info"]),
    operation("GetLegendGraphic", &[]),
];

static DIALECTS: [Dialect; 2] = [
    Dialect { version: "1.3.0", report: Report::Service130, codes: codes!("InvalidCRS"), operations: &OPERATIONS },
    Dialect { version: "1.1.1", report: Report::Service111, codes: codes!("InvalidSRS"), operations: &OPERATIONS },
];

/// The service.
pub struct Wms;

impl Service for Wms {
    fn name(&self) -> &'static str {
        "WMS"
    }

    fn dialects(&self) -> &'static [Dialect] {
        &DIALECTS
    }

    fn negotiation(&self) -> Negotiation {
        Negotiation::Wms
    }

    async fn execute(&self, cx: Context, request: &mut Request, dialect: &'static Dialect) -> Result<Response> {
        let head = request.head().clone();
        let (kvp, version) = (Kvp::new(&head), Version::of(dialect));
        match dialect.operation(&head)?.name {
            "GetMap" => get_map::answer(&cx, kvp, version).await,
            "GetFeatureInfo" => get_feature_info::answer(&cx, kvp, version).await,
            "GetLegendGraphic" => get_legend_graphic::answer(&cx, kvp).await,
            _ => get_capabilities::answer(&cx, kvp, dialect, version).await,
        }
    }

    fn fault(&self, head: &Head, _: &'static Dialect, error: &Error) -> Option<Response> {
        fault::image(head, error)
    }
}
