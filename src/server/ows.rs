//! The door of the services: `/ows`, and `/?SERVICE=…` as QGIS Server has it.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};

use crate::error::{Error, Kind, Result};
use crate::exchange::guarded;
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::web::ows_error::{Report, report};

use super::context::Context;
use super::registry::{Found, Registry};
use super::service::{Dialect, METHODS};

/// The path of the services, below a project's.
pub(super) const PATH: &str = "/ows";

/// What clients of WMS 1.0 send in the place of SERVICE and VERSION (WMS 1.1.1, A.1 and 6.2.4).
const WMTVER: &str = "WMTVER";

/// Whether a request below a project's root is one for a service.
pub(super) fn is_asked(rest: &str, head: &Head) -> bool {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let names_one = || ["SERVICE", WMTVER].into_iter().any(|name| head.parameters.value_of(name).is_some());
    rest == PATH || (rest.is_empty() && names_one())
}

/// The name of the service that a request asks for: by `SERVICE`, by `WMTVER`, or by an operation that only one service has.
fn name_of<'a>(registry: &'a Registry, head: &'a Head) -> Result<&'a str> {
    let value = |name| head.parameters.value_of(name).map(str::trim).filter(|value| !value.is_empty());
    let by_operation = || registry.with_operation(value("REQUEST")?);
    let by_version = || value(WMTVER).and_then(|_| registry.service_names().into_iter().find(|&name| name == "WMS"));
    value("SERVICE").or_else(by_version).or_else(by_operation).ok_or_else(|| {
        let names = registry.service_names().join(", ");
        Error::new(Kind::MissingParameter, format!("SERVICE is missing, expected one of: {names}")).at("SERVICE")
    })
}

/// The service that a request asks for, in the version that it speaks.
fn find<'a>(registry: &'a Registry, head: &Head) -> Result<Found<'a>> {
    let name = name_of(registry, head)?;
    registry.service(name, &head.parameters).unwrap_or_else(|| {
        let names = registry.service_names().join(", ");
        let message = format!("SERVICE is '{name}', expected one of: {names}");
        Err(Error::new(Kind::InvalidParameter, message).at("SERVICE"))
    })
}

/// The methods of the service that a request asks for, or of any.
fn methods(registry: &Registry, head: &Head) -> &'static [Method] {
    find(registry, head).map_or(&METHODS[..], |found| found.service.methods())
}

/// Answers OPTIONS, and refuses what the service does not take; none where it is the service's turn.
fn refuse(registry: &Registry, head: &Head) -> Result<Option<Response>> {
    let methods = methods(registry, head);
    if methods.contains(&head.method) {
        return Ok(None);
    }
    let allowed: BTreeSet<&str> = methods.iter().chain([&Method::OPTIONS]).map(Method::as_str).collect();
    let allow = allowed.into_iter().collect::<Vec<_>>().join(", ");
    let value = HeaderValue::try_from(&allow).map_err(Error::internal)?;
    if head.method == Method::OPTIONS {
        let mut response = Response::new(StatusCode::NO_CONTENT);
        response.set(header::ALLOW, value);
        return Ok(Some(response));
    }
    let message = format!("{} is not allowed here, only {allow}", head.method);
    Err(Error::new(Kind::MethodNotAllowed, message).with_header(header::ALLOW, value))
}

/// Answers a request for a service.
pub(super) async fn dispatch(registry: &Registry, cx: Context, request: &mut Request) -> Result<Response> {
    if let Some(response) = refuse(registry, request.head())? {
        return Ok(response);
    }
    let found = find(registry, request.head())?;
    if !found.exact {
        let version = request.head().parameters.value_of("VERSION").unwrap_or_default();
        tracing::info!(id = %request.head().id, version, spoken = found.dialect.version, "an unknown version was asked for");
    }
    let file_name = request.head().parameters.value_of("FILE_NAME").map(str::to_owned);
    let (service, dialect) = (Arc::clone(found.service), found.dialect);
    // By its own names alone: what a client makes up is no label.
    let operation = dialect.operation(request.head()).map(|operation| format!("{}.{}", service.name(), operation.name));
    request.head().trace.set_operation(operation.as_deref().unwrap_or(service.name()));
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
    let Ok(found) = find(registry, head) else {
        let first = name_of(registry, head).ok().and_then(|name| registry.first(name));
        // Where it names no service that there is, what else it says may tell which is meant.
        let first = first.or_else(|| {
            let value = |name| head.parameters.value_of(name).filter(|value| !value.is_empty());
            let by_operation = || registry.first(registry.with_operation(value("REQUEST")?)?);
            by_operation().or_else(|| registry.with_version(value("VERSION").or_else(|| value("ACCEPTVERSIONS"))?))
        });
        return first.map_or_else(|| report(Report::Ows11, "2.0.0", &[], error), |dialect| plain(dialect, error));
    };
    if !found.service.methods().contains(&head.method) {
        // The service never saw it: no image with the status 200.
        return plain(found.dialect, error);
    }
    // What a service does with an error is code of its own, and may fail as any other.
    let told = guarded(|| {
        let own = found.service.fault(head, found.dialect, error);
        Ok(own.unwrap_or_else(|| plain(found.dialect, error)))
    });
    told.unwrap_or_else(|panic| {
        tracing::error!(id = %head.id, error = ?panic, "the fault of a service failed");
        plain(found.dialect, &panic)
    })
}

fn plain(dialect: &Dialect, error: &Error) -> Response {
    report(dialect.report, dialect.version, dialect.codes, error)
}
