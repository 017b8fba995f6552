//! The only door to rows: what a client or a handler asks ([`query`]), what a source is told ([`plan`]), what a source is
//! ([`source`]), and the gate between them ([`gate`]), which no read can go round. The same for rasters: [`coverage`] and
//! [`coverage_gate`].

mod attended;
pub mod bounds;
pub mod choices;
mod coarse;
mod detail;
mod frame;
mod mercator;
mod order;
mod seam;
mod split;
mod test;
mod transverse;

pub mod coverage;
pub mod coverage_gate;
pub mod cursor;
pub mod extent;
pub mod features;
pub mod gate;
pub mod measure;
pub mod milestones;
pub mod plan;
pub mod policy;
pub mod position;
pub mod query;
pub mod reference;
pub mod rows;
pub mod source;
pub mod transform;
pub mod worker;
