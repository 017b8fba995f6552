//! A proxy that authenticates, and tells in headers who asks. They are believed from its addresses alone, and taken out of
//! every other request.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use crate::error::{Error, Kind, Result};
use crate::exchange::{Filter, Flow};
use crate::message::principal::Principal;
use crate::message::request::Request;
use crate::web::base_url::AddressRange;

/// The filter that believes a proxy.
pub struct TrustedProxy {
    user: HeaderName,
    roles: Option<HeaderName>,
    from: Vec<AddressRange>,
}

impl TrustedProxy {
    /// A filter for a header of names, one of roles (separated by commas), and the addresses of the proxy.
    pub fn new(user: HeaderName, roles: Option<HeaderName>, from: Vec<AddressRange>) -> Self {
        Self { user, roles, from }
    }

    fn is_believed(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.from.iter().any(|range| range.contains(peer)))
    }

    /// Who asks; nobody where the proxy names nobody.
    fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal>> {
        let name = only(headers, &self.user)?.filter(|name| !name.is_empty());
        let roles = self.roles.as_ref().map(|header| only(headers, header)).transpose()?.flatten().unwrap_or_default();
        let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty());
        Ok(name.map(|name| Principal::new(name, roles)))
    }
}

/// The value of a header that must not be there twice: then one of them would be the client's, and not the proxy's.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let wrong = |what: &str| Error::new(Kind::BadRequest, format!("the header {name} {what}"));
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(wrong("came more than once"));
    }
    value
        .map(|value| std::str::from_utf8(value.as_bytes()).map(str::trim))
        .transpose()
        .map_err(|_| wrong("is no UTF-8"))
}

impl Filter for TrustedProxy {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        if self.is_believed(request.head().peer) {
            if let Some(principal) = self.principal(&request.head().headers)? {
                request.head_mut().principal.get_or_insert(principal);
            }
            return Ok(Flow::Continue);
        }
        for header in std::iter::once(&self.user).chain(&self.roles) {
            if request.head().headers.contains_key(header) {
                request.head_mut().headers.remove(header);
            }
        }
        Ok(Flow::Continue)
    }
}
