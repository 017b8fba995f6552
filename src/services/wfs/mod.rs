//! Web Feature Service 2.0.0, 1.1.0 and 1.0.0: reading. Rows stream through the gate into GML, GeoJSON or CSV.

use crate::base::xml::{Element, Limits};
use crate::error::{Error, Result};
use crate::message::request::Request;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::{Dialect, Negotiation, Service};

mod answer;
mod ask;
mod capabilities;
mod collection;
mod describe_feature_type;
mod dialects;
mod filter;
mod filter_capabilities;
mod get_feature;
mod get_property_value;
mod names;
mod output_format;
mod srs;
mod stored_queries;

/// The service.
pub struct Wfs;

/// What an operation gets: the head of the request is in the context, the body is read.
struct Call<'a> {
    cx: &'a Context,
    dialect: &'static Dialect,
    /// The body, of a POST in XML.
    xml: Option<Element>,
}

impl Service for Wfs {
    fn name(&self) -> &'static str {
        "WFS"
    }

    fn dialects(&self) -> &'static [Dialect] {
        &dialects::DIALECTS
    }

    fn negotiation(&self) -> Negotiation {
        Negotiation::Ows
    }

    async fn execute(&self, cx: Context, request: &mut Request, dialect: &'static Dialect) -> Result<Response> {
        let operation = dialect.operation(request.head())?;
        let xml = request.take_xml(&Limits::default()).await?;
        let call = Call { cx: &cx, dialect, xml };
        match operation.name {
            "GetCapabilities" => capabilities::get_capabilities(&call).await,
            "DescribeFeatureType" => describe_feature_type::describe_feature_type(&call).await,
            "GetFeature" => get_feature::get_feature(&call).await,
            "GetPropertyValue" => get_property_value::get_property_value(&call).await,
            "ListStoredQueries" => stored_queries::list_stored_queries(&call),
            "DescribeStoredQueries" => stored_queries::describe_stored_queries(&call),
            other => Err(Error::internal(format!("the operation '{other}' stands in the table alone"))),
        }
    }
}
