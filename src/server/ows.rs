//! The door of the services: `/ows`, and `/?SERVICE=…` as QGIS Server has it.

use std::sync::Arc;

use http::{HeaderValue, header};

use crate::error::{Error, Kind, Result};
use crate::exchange::guarded;
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::web::ows_error::{Report, report};

use super::context::Context;
use super::registry::{Found, Registry};

/// The path of the services, below a project's.
pub(super) const PATH: &str = "/ows";

/// Whether a request below a project's root is one for a service.
pub(super) fn is_asked(rest: &str, head: &Head) -> bool {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest == PATH || (rest.is_empty() && head.parameters.value_of("SERVICE").is_some())
}

/// The service that a request names.
fn find<'a>(registry: &'a Registry, head: &Head) -> Result<Found<'a>> {
    let names = || registry.service_names().join(", ");
    let name = head.parameters.value_of("SERVICE").filter(|name| !name.is_empty()).ok_or_else(|| {
        Error::new(Kind::MissingParameter, format!("SERVICE is missing, expected one of: {}", names())).at("SERVICE")
    })?;
    let version = head.parameters.value_of("VERSION").filter(|version| !version.is_empty());
    registry.service(name, version).ok_or_else(|| {
        Error::new(Kind::InvalidParameter, format!("SERVICE is '{name}', expected one of: {}", names())).at("SERVICE")
    })
}

/// Answers a request for a service.
pub(super) async fn dispatch(registry: &Registry, cx: Context, request: &mut Request) -> Result<Response> {
    let found = find(registry, request.head())?;
    if !found.exact {
        let version = request.head().parameters.value_of("VERSION").unwrap_or_default();
        tracing::info!(id = %request.head().id, version, spoken = found.dialect.version, "an unknown version was asked for");
    }
    let file_name = request.head().parameters.value_of("FILE_NAME").map(str::to_owned);
    let (service, dialect) = (Arc::clone(found.service), found.dialect);
    let mut response = service.execute(cx, request, dialect).await?;
    if let Some(value) = file_name.and_then(|name| disposition(&name)) {
        response.set(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// `FILE_NAME=` makes a browser save the answer under a name.
fn disposition(name: &str) -> Option<HeaderValue> {
    let fine = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
    fine.then(|| HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).ok()).flatten()
}

/// Tells an error in the dialect that the request speaks.
pub(super) fn fault(registry: &Registry, head: &Head, error: &Error) -> Response {
    let Ok(found) = find(registry, head) else { return report(Report::Ows, None, error) };
    // What a service does with an error is code of its own, and may fail as any other.
    let told = guarded(|| {
        let own = found.service.fault(head, found.dialect, error);
        Ok(own.unwrap_or_else(|| report(found.dialect.report, (found.dialect.code)(error.kind()), error)))
    });
    told.unwrap_or_else(|panic| {
        tracing::error!(id = %head.id, error = ?panic, "the fault of a service failed");
        report(found.dialect.report, None, &panic)
    })
}
