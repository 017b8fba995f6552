//! Whether longitudes of a table run on past ±180. Where none does, a box is looked for in its own place alone, not a turn
//! to the west and to the east as well, which costs the database as much again.

use std::sync::{Mutex, PoisonError};

use super::table::{From, Table};
use super::{Room, fault};
use crate::error::Result;
use crate::expr::Expr;

/// Beyond this a rectangle is a turn further; an index has boxes of less precision than coordinates.
pub(super) const EDGE: f64 = 180.01;

/// What is known of a table, with the state of the rows for which it is.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Option<(u64, bool)>>);

impl Turns {
    /// Whether a geometry may lie further than the edge. The database is asked once for each state of the rows.
    pub(super) async fn may_be_beyond(&self, room: &Room, table: &Table, conditions: &[Expr]) -> Result<bool> {
        let is_in_degrees = table.schema.geometry.as_ref().is_some_and(|geometry| geometry.crs.is_lon_lat_wgs84());
        let (Some(geometry), From::Name { name, .. }) = (&table.geometry, &table.from) else { return Ok(true) };
        if !is_in_degrees || !geometry.is_indexable || !conditions.iter().any(|one| one.reach().is_some()) {
            return Ok(true);
        }
        let state = room.watch.state();
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = known.filter(|(of, _)| *of == state) {
            return Ok(answer);
        }
        let (column, srid) = (&geometry.column, geometry.srid);
        let edge = EDGE - 0.005;
        let beyond = |from: f64, to: f64| {
            format!(
                "EXISTS (SELECT 1 FROM {name} AS t WHERE {column} && ST_MakeEnvelope({from}, -1e9, {to}, 1e9, {srid}))"
            )
        };
        let query = format!("SELECT {} OR {}", beyond(edge, 1e9), beyond(-1e9, -edge));
        let client = room.pools.take().await?;
        let statement = client.prepare_cached(&query).await.map_err(fault::reading)?;
        let answer = client.query_one(&statement, &[]).await.map_err(fault::reading)?.get(0);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((state, answer));
        Ok(answer)
    }
}
