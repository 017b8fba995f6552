//! Reads and rewrites WKB in place.
