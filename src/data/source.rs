//! What a source of features is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::Result;
use crate::expr::Expr;
use crate::model::schema::Schema;

use super::extent::Extent;
use super::plan::{Plan, Sort};
use super::rows::Rows;

/// A boxed future, for traits that are used as `dyn`.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One layer of a file or database.
///
/// A source that ignores a part of the plan that it did not take is slow, not wrong: the gate tests what remains.
pub trait FeatureSource: Send + Sync + 'static {
    /// What its rows look like.
    fn schema(&self) -> &Arc<Schema>;

    /// Whether the source tests this condition itself, exactly as [`crate::expr::evaluate`] would.
    fn takes(&self, conjunct: &Expr) -> bool;

    /// Whether it skips and limits by itself.
    fn pages(&self) -> bool;

    /// Whether it gives rows in this order, rows that are equal so far by key, and nulls last. Else the gate sorts, which
    /// must hold what it sorts in memory.
    fn sorts(&self, order: &[Sort]) -> bool {
        let _ = order;
        false
    }

    /// Whether it begins and ends at a place in this order (that of the key, where there is none), also backwards where that
    /// is asked for, and gives the marks that make a place. Asked only for an order in which it gives rows. Else the gate
    /// does all that, by reading all rows.
    fn seeks(&self, order: &[Sort], is_backwards: bool) -> bool {
        let _ = (order, is_backwards);
        false
    }

    /// Whether the order of the key is that of the ids as rows have them; else only marks make a place.
    fn orders_by_id(&self) -> bool {
        true
    }

    /// Whether it simplifies geometries where a plan has a detail; else the gate does.
    fn simplifies(&self) -> bool {
        false
    }

    /// Starts to read. Rows come in the plan's order; a reader that is dropped stops the query.
    fn features(&self, plan: Plan) -> Rows;

    /// Counts the rows that [`FeatureSource::features`] would give without offset and limit. Runs until it is done, for
    /// the count is kept; dropped, it stops.
    fn count(&self, plan: Plan) -> Pending<Result<u64>>;

    /// The extent of all rows, in the source's coordinates, from metadata where that is there.
    fn extent(&self) -> Pending<Result<Extent>>;

    /// A number that changes whenever the rows may have changed. Asked for at every request, so it must be cheap.
    fn state(&self) -> u64;

    /// When the rows last changed, where a file says so.
    fn modified(&self) -> Option<SystemTime> {
        None
    }

    /// The state asked of whoever knows it for certain, where [`FeatureSource::state`] may lag behind or run ahead of the rows;
    /// nothing where that is not to be had now. Two askings with the same number mean that no row changed between them.
    fn ask_state(&self) -> Option<Pending<Option<u64>>> {
        None
    }

    /// Brings [`FeatureSource::state`] up to date where rows may change without it as well, as those of a view of the present
    /// time: what is counted holds for a moment there, and not at all where the state is not to be had. Nothing where the state
    /// tells all.
    fn look_again(&self) -> Option<Pending<Option<u64>>> {
        None
    }

    /// Whether rows of this source come with the state that is certain for them ([`super::rows::Rows::state`]), so that it need
    /// not be asked before they are read.
    fn tells_state(&self) -> bool {
        false
    }

    /// Both at once, for a source that finds them by one look.
    fn seen(&self) -> (u64, Option<SystemTime>) {
        (self.state(), self.modified())
    }
}

/// After this long without a change another change has another time.
const SETTLING: Duration = Duration::from_secs(2);

/// Whether a change was so long ago that another one would have another time.
pub fn has_settled(changed: SystemTime) -> bool {
    changed.elapsed().is_ok_and(|ago| ago >= SETTLING)
}
