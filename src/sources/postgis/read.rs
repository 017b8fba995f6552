//! Reads the rows of a plan: one statement, whose rows are decoded as they come. The socket is the only buffer: a reader
//! who is slow stops the database.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::try_join;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::RowStream;

use super::columns::Form;
use super::far::{Far, Way};
use super::filter::Filter;
use super::instance::Instance;
use super::pools::Lent;
use super::seek::{self, Order};
use super::selected::Selected;
use super::table::Table;
use super::{Room, connect, fault, moment};
use crate::data::plan::Plan;
use crate::data::position::Edge;
use crate::data::rows::RowSender;
use crate::error::Result;
use crate::model::batch::Batch;

mod chunk;
mod repeats;
mod statement;
mod visit;

use chunk::Met;
use repeats::Repeats;
pub(super) use statement::from;

/// How often a statement is tried where the connection turns out to be dead: one may have died in the pool.
const TRIES: u32 = 3;

/// Rows of one statement that a client may take as long for as it likes: it is the time of the database alone that counts then.
const MANY: u64 = 4096;
/// Rows that are passed over sooner than a statement is cancelled.
const FEW: u64 = 1024;

/// What the log has of one that was slower.
const GAVE_WAY: &str = "the reader was slow while others waited for a connection to the database";

/// What the log has of a table whose columns are of other types than they were, and of one whose rows are elsewhere.
pub(super) const OTHER_TYPES: &str = "a column has another type now";
pub(super) const OTHER_SYSTEM: &str = "a row is in another reference system now";

/// How reading ended.
pub(super) enum Read {
    /// All was sent.
    All,
    /// A box that was thought to have few rows has many; nothing was sent.
    Many,
    /// PostGIS cannot test a geometry; so many rows were sent before.
    Untestable(u64, tokio_postgres::Error),
}

/// Reads all but the first rows, which were sent already, and sends it.
pub(super) async fn run(
    room: &Room,
    table: &Table,
    plan: &Plan,
    filter: &Filter,
    sender: &RowSender,
    far: Option<&Far>,
    before: u64,
) -> Result<Read> {
    let mut layouts = vec![&**plan.layout()];
    layouts.extend(filter.test.as_ref().map(|test| &test.layout));
    let order = Order::new(table, plan);
    let goes_on = filter.test.is_some() && plan.limit().is_some() && seek::can(table, plan.sort());
    let has_marks = plan.has_marks() || goes_on;
    let marks = order.marks(plan.sort().len()).filter(|_| has_marks);
    let mut selected = Selected::new(table, &layouts, marks);
    selected.goes_on = goes_on;
    let counts = filter.test.is_some() || order.parts(plan, plan.begin()).len() > 1;
    let mut reader = Reader {
        room,
        table,
        plan,
        filter,
        sender,
        order,
        places: selected.places(plan.layout()),
        tested: filter.test.as_ref().map(|test| selected.places(&test.layout)).unwrap_or_default(),
        batch: Batch::default(),
        scratch: Batch::default(),
        skip: 0,
        left: None,
        counts,
        count: None,
        snapshot: None,
        instance: None,
        few: None,
        far,
        way: None,
        goes_all_the_way: false,
        chunk: None,
        begin: None,
        met: Met::default(),
        repeats: Repeats::new(table, plan, &selected),
        selected,
        sent: 0,
        before,
        early: None,
        patience: Some(room.pools.statement_timeout)
            .filter(|limit| !limit.is_zero() && plan.limit().is_none_or(|limit| limit > MANY)),
        fed: Instant::now(),
    };
    let mut tries = 1;
    loop {
        let client = room.pools.take().await?;
        reader.begin();
        match reader.read(client).await {
            Err(cause) if fault::is_of_kept(&cause) && reader.sent == 0 && tries < TRIES => {
                room.pools.forget();
                tries += 1;
            }
            Err(cause) if fault::is_away(&cause) && reader.sent == 0 && tries < TRIES => tries += 1,
            // What was kept may be older than what there is.
            Ok(()) if reader.early == Some(Early::Changed) && tries < TRIES => {
                room.pools.forget();
                reader.early = None;
                tries += 1;
            }
            // A page that has no row may have been elsewhere as well.
            Ok(()) if reader.way.is_some() && (reader.early == Some(Early::Moved) || reader.snapshot.is_some()) => {
                reader.early = None;
                reader.goes_all_the_way = true;
            }
            Err(cause) if fault::is_untestable(&cause) => return Ok(Read::Untestable(before + reader.sent, cause)),
            outcome => {
                outcome.map_err(|cause| fault::reading_given(plan.parameters(), cause))?;
                return match reader.early {
                    Some(Early::GaveWay) => Err(fault::unavailable(GAVE_WAY)),
                    Some(Early::Silent) => Err(fault::silent()),
                    Some(Early::TooLong) => Err(fault::too_long("statement_seconds passed without a batch of rows")),
                    Some(Early::Elsewhere) => Err(fault::changed(OTHER_SYSTEM)),
                    Some(Early::Repeated) => Err(reader.repeats.tell(room, table, plan)),
                    Some(Early::Changed | Early::Moved) => Err(fault::changed(OTHER_TYPES)),
                    Some(Early::Many) => Ok(Read::Many),
                    None => Ok(Read::All),
                };
            }
        }
    }
}

struct Reader<'a> {
    room: &'a Room,
    table: &'a Table,
    plan: &'a Plan,
    filter: &'a Filter,
    sender: &'a RowSender,
    order: Order<'a>,
    selected: Selected,
    places: Vec<(usize, Form)>,
    tested: Vec<(usize, Form)>,
    batch: Batch,
    scratch: Batch,
    /// Rows still to be passed over and to be given, where the loop counts them.
    skip: u64,
    left: Option<u64>,
    counts: bool,
    /// Where the first row has the number of all, and what is selected for that.
    count: Option<(usize, String)>,
    /// Where the first row has what the statement sees.
    snapshot: Option<usize>,
    /// Of which server the connection is.
    instance: Option<Instance>,
    /// Where the first row has the number of rows in a box that is likely to have few.
    few: Option<usize>,
    /// Where the state of the rows is told with them: the ways to far pages.
    far: Option<&'a Far>,
    /// The one that is taken, if any.
    way: Option<Way>,
    /// Whether one was taken, and led elsewhere.
    goes_all_the_way: bool,
    /// Rows that the present statement gives at most.
    chunk: Option<u64>,
    /// Where the present statements begin.
    begin: Option<Edge>,
    met: Met,
    repeats: Repeats,
    /// Rows that were sent, and those that were sent already when it began.
    sent: u64,
    before: u64,
    /// Why it ended before its time, if it did.
    early: Option<Early>,
    /// How long the database may take from batch to batch, where its own limit, which counts the reader's time as well, is lifted.
    patience: Option<Duration>,
    /// When the last batch was sent.
    fed: Instant,
}

/// How a statement was left.
enum End {
    /// All rows were read.
    All,
    /// Some rows were not.
    Short(Pin<Box<RowStream>>),
    /// The database took too long for the first one.
    Late,
    /// The database says nothing.
    Silent,
}

/// Why reading ended before its time.
#[derive(Clone, Copy, PartialEq)]
enum Early {
    /// Others wait for the connection.
    GaveWay,
    /// Columns are of other types than were described.
    Changed,
    /// There are many rows, where few were thought to be.
    Many,
    /// A row is in another reference system than was described.
    Elsewhere,
    /// The database says nothing.
    Silent,
    /// It takes longer than it may.
    TooLong,
    /// Rows came or went since the way to the page was found.
    Moved,
    /// An id stands for several rows.
    Repeated,
}

impl Reader<'_> {
    /// Begins, or begins anew.
    fn begin(&mut self) {
        self.begin = self.plan.begin().cloned();
        self.way = None;
        let count = self.plan.limit().and_then(|_| moment::count(self.table, self.filter));
        self.count = count.map(|count| (self.selected.width(), count));
        let at = self.selected.width() + usize::from(self.count.is_some());
        self.snapshot = self.table.from.is_plain().then_some(at);
        self.few = self.filter.sparse.map(|_| at + usize::from(self.snapshot.is_some()));
        self.met = Met::default();
        self.repeats.begin();
        self.chunk = self.first_chunk();
        self.batch = self.sender.batch(self.plan.width());
        self.skip = if self.counts { self.plan.offset() + self.before } else { 0 };
        self.left = self.plan.limit().filter(|_| self.counts).map(|limit| limit.saturating_sub(self.before));
    }

    /// Whether it is a page in the order of the keys, behind many rows of the whole table.
    fn is_far(&self) -> bool {
        let (plan, filter) = (self.plan, self.filter);
        let is_whole =
            plan.sort().is_empty() && plan.begin().is_none() && plan.end().is_none() && !self.order.is_backwards;
        is_whole
            && plan.limit().is_some()
            && filter.test.is_none()
            && filter.sql.text.is_empty()
            && Far::serves(self.table, plan.offset())
    }

    /// Reads all parts, and has the connection be of use to others again.
    async fn read(&mut self, client: Lent) -> Result<(), tokio_postgres::Error> {
        self.instance = client.instance;
        match self.read_parts(&client).await {
            // The last rows wait for their reader without the connection.
            Ok(End::All) => self.give_back(client),
            Ok(End::Short(rows)) => self.leave(client, rows),
            Ok(End::Late) => {
                self.early = Some(Early::TooLong);
                tokio::spawn(connect::stop(client, self.room.hosts.tls()));
            }
            Ok(End::Silent) => {
                self.early = Some(Early::Silent);
                client.give_up();
            }
            Err(cause) => {
                if self.patience.is_some() {
                    client.give_up();
                }
                return Err(cause);
            }
        }
        self.flush().await;
        Ok(())
    }

    /// Reads all parts, one after the other; chunk by chunk where rows are tested here.
    async fn read_parts(&mut self, client: &Lent) -> Result<End, tokio_postgres::Error> {
        let mut lost = pin!(self.room.pulse.lost());
        if let Some(far) = self.far.filter(|_| self.is_far() && !self.goes_all_the_way) {
            self.way = tokio::select! {
                biased;
                way = far.towards(client, self.table, self.plan.offset()) => way?,
                () = &mut lost => return Ok(End::Silent),
            };
            if let Some(way) = &self.way {
                self.begin = Some(way.begin.clone());
            }
        }
        'chunks: loop {
            for part in self.order.parts(self.plan, self.begin.as_ref()) {
                self.met.count = 0;
                let sql = self.statement(&part);
                let begun = async {
                    let statement = connect::prepare(client, &sql.text).await?;
                    let lifted = async {
                        if self.patience.is_some() { client.batch_execute(connect::UNHURRIED).await } else { Ok(()) }
                    };
                    let ((), rows) = try_join(lifted, client.query_raw(&statement, sql.bound())).await?;
                    Ok::<_, tokio_postgres::Error>((statement, rows))
                };
                self.fed = Instant::now();
                let mut overdue = pin!(sleep_until(self.fed + self.patience.unwrap_or_default()));
                let (statement, rows) = tokio::select! {
                    biased;
                    begun = begun => begun?,
                    () = &mut lost => return Ok(End::Silent),
                    () = &mut overdue, if self.patience.is_some() => return Ok(End::Late),
                };
                let mut rows = Box::pin(rows);
                if !self.selected.fits(&statement, self.table.key.form) {
                    self.early = Some(Early::Changed);
                    return Ok(End::Short(rows));
                }
                loop {
                    let row = tokio::select! {
                        biased;
                        row = rows.try_next() => row?,
                        () = self.sender.gone() => return Ok(End::Short(rows)),
                        () = &mut lost => return Ok(End::Silent),
                        () = &mut overdue, if self.patience.is_some() => {
                            let due = self.fed + self.patience.unwrap_or_default();
                            if due <= Instant::now() {
                                self.early = Some(Early::TooLong);
                                return Ok(End::Short(rows));
                            }
                            overdue.as_mut().reset(due);
                            continue;
                        }
                    };
                    let Some(row) = row else { break };
                    if !self.visit(&row).await {
                        // The database need not finish what nobody reads.
                        return Ok(End::Short(rows));
                    }
                }
                if self.left == Some(0) {
                    break 'chunks;
                }
                if self.chunk.is_some_and(|chunk| self.met.count >= chunk) {
                    self.go_on();
                    continue 'chunks;
                }
            }
            break;
        }
        Ok(End::All)
    }

    /// Has others take the connection; nobody waits for it.
    fn give_back(&self, client: Lent) {
        if self.patience.is_some() {
            tokio::spawn(connect::hurry(client));
        }
    }

    /// Gives up the connection whose rows are not read to their end; nobody waits for it.
    fn leave(&self, client: Lent, rows: Pin<Box<RowStream>>) {
        let is_short = self.chunk.is_some_and(|chunk| chunk.saturating_sub(self.met.count) <= FEW);
        if is_short || self.early == Some(Early::Many) {
            return self.give_back(client);
        }
        let (tls, is_lifted) = (self.room.hosts.tls(), self.patience.is_some());
        tokio::spawn(async move {
            let mut rows = rows;
            let left = connect::leave(client, rows.as_mut(), tls).await;
            if let Some(client) = left.filter(|_| is_lifted) {
                connect::hurry(client).await;
            }
        });
    }
}
