//! The server with everything that comes with the house.

use crate::apis::{circle, coverages, landing, oapif};
use crate::project::catalog::Project;
use crate::server::{Builder, Server};
use crate::services::wcs::Wcs;
use crate::services::wfs::Wfs;
use crate::services::wms::Wms;

/// The root of OGC API Features where no other is set.
pub const OGCAPI: &str = "/ogcapi";

/// A builder with the catalogue and OGC API Features at `/ogcapi`, pages of coverages, and the services at `/ows`; register more, then build it.
pub fn server(project: Project) -> Builder {
    server_at(OGCAPI, project)
}

/// The same with OGC API Features at another root.
pub fn server_at(root: &str, project: Project) -> Builder {
    Server::builder(project)
        .api(landing::api())
        .api(oapif::api(root))
        .api(coverages::api())
        .service(Wms)
        .service(Wfs)
        .service(Wcs)
}

/// The same with the demo's circle at `/customapi`.
pub fn with_circle(builder: Builder) -> Builder {
    builder.api(circle::api())
}
