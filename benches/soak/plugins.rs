//! Filters and policies that do a little each, so that answers go through all that a plugin may touch.

use bytes::Bytes;
use graticule::Result;
use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef};
use graticule::exchange::{Chunk, Filter, Sending};
use graticule::expr::{Expr, cql2};
use graticule::message::request::Head;

/// Holds every second chunk back and sends it with the next.
pub(crate) struct Holding;

impl Filter for Holding {
    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        let held = sending.state.take().and_then(|state| state.downcast::<Bytes>().ok());
        match held {
            Some(before) => Ok(Chunk::Pass([&before[..], &chunk[..]].concat().into())),
            None if sending.last => Ok(Chunk::Pass(chunk)),
            None => {
                *sending.state = Some(Box::new(chunk));
                Ok(Chunk::Hold)
            }
        }
    }
}

/// A filter that leaves all as it is.
pub(crate) struct Nothing;

impl Filter for Nothing {}

/// Leaves of the countries those of a condition.
pub(crate) struct Policy(pub(crate) &'static str);

struct Admitted(Expr);

impl Admission for Admitted {
    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        Ok((layer.id == "countries").then(|| self.0.clone()))
    }

    fn cache_scope(&self) -> CacheScope {
        CacheScope::Shared
    }
}

impl AccessControl for Policy {
    async fn admit(&self, _: &Head) -> Result<Box<dyn Admission>> {
        Ok(Box::new(Admitted(cql2::parse(self.0).expect("a condition"))))
    }
}
