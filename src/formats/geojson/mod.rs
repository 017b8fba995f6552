//! GeoJSON (RFC 7946), straight from rows and WKB.
