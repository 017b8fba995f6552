//! What a fault of PostgreSQL means to a client, and to whoever runs the server.

use deadpool_postgres::PoolError;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio_postgres::error::SqlState;

use super::session;
use crate::error::{Error, Kind};
use crate::model::value::Value;

/// What a fault comes from.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What is so for now: a client may try again soon.
fn for_now(what: &'static str, cause: impl Into<Cause>) -> Error {
    Error::new(Kind::Unavailable, what).with_header(RETRY_AFTER, HeaderValue::from_static("5")).because(cause)
}

/// The database is away or has no room.
pub(super) fn unavailable(cause: impl Into<Cause>) -> Error {
    for_now("the database of this layer does not answer now, try again later", cause)
}

/// What is said of a table that somebody changes or loads, and of which no row can be read until he is done.
const LOCKED: &str = "the table behind this layer is locked for a change now, try again soon";

/// What is said of a table that is not as it was described.
const CHANGED: &str = "the table behind this layer changed; it will be read anew, try again soon";

/// Whether an error says so.
pub(super) fn is_changed_now(error: &Error) -> bool {
    error.message() == CHANGED
}

/// A lock was not to be had in time.
pub(super) fn locked(cause: impl Into<Cause>) -> Error {
    for_now(LOCKED, cause)
}

/// Whether an error says so.
pub(super) fn is_locked(error: &Error) -> bool {
    error.message() == LOCKED
}

/// What is said of a materialized view that nobody has filled yet, or that somebody emptied to fill it anew.
const UNFILLED: &str = "the data behind this layer is being prepared, try again soon";

/// Whether an error says that a table is not to be read for now, and says nothing of how it is made.
pub(crate) fn is_held(error: &Error) -> bool {
    is_locked(error) || error.message() == UNFILLED
}

/// Whether a fault of the database says so.
pub(super) fn holds(cause: &tokio_postgres::Error) -> bool {
    let codes = [SqlState::LOCK_NOT_AVAILABLE, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE];
    cause.code().is_some_and(|code| codes.contains(code))
}

/// An id stands for several rows of a page, and the next one would begin behind all of them.
pub(super) fn repeated(cause: String) -> Error {
    for_now(
        "an id of this layer stands for several features now, so that some would be missing; it will be looked at again",
        cause,
    )
}

/// What is said of a database that refuses the log-on.
pub(super) const REFUSED: &str = "the database of this layer refuses the server now, try again later";

/// The log-on is refused: the password, the role or the database may be made right at any time.
fn refused(cause: String) -> Error {
    for_now(REFUSED, cause)
}

/// What is said of a database that gives no session of our own.
pub(super) const SHARED: &str = "the database of this layer cannot be read as it is reached now, try again later";

/// What is told of it to whoever runs the server.
pub(super) const NO_SESSIONS: &str = "is reached by a pooler that lends a session for a transaction or a statement only, or \
     has no second one: give this server sessions of its own (of PgBouncer pool_mode = session, with some room in its pool), \
     or the address of the database itself";

/// Whether the session is shared with others.
fn is_shared(cause: &tokio_postgres::Error) -> bool {
    cause.code().is_some_and(|code| code.code() == session::SHARED)
}

/// Whether options of the log-on are refused, as poolers do.
pub(super) fn refuses_options(cause: &tokio_postgres::Error) -> bool {
    cause.as_db_error().is_some_and(|said| {
        *said.code() == SqlState::PROTOCOL_VIOLATION && said.message().contains("unsupported startup parameter")
    })
}

/// Whether the session has not the statements that it was given: somebody else uses it.
pub(super) fn is_of_statements(cause: &tokio_postgres::Error) -> bool {
    let of_others = [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT];
    cause.code().is_some_and(|code| of_others.contains(code))
}

/// It takes requests, and answers none.
pub(super) fn silent() -> Error {
    unavailable("the database is silent")
}

/// It took longer than it may.
pub(super) fn too_long(cause: impl Into<Cause>) -> Error {
    Error::new(Kind::Timeout, "the database took too long: ask for less")
        .with_header(RETRY_AFTER, HeaderValue::from_static("30"))
        .because(cause)
}

/// A fault while rows are read: the client learns no name of a host, table or column.
pub(super) fn reading(cause: tokio_postgres::Error) -> Error {
    if is_away(&cause) {
        return unavailable(cause);
    }
    if is_changed(&cause) {
        return changed(told(&cause));
    }
    match cause.code() {
        Some(&SqlState::QUERY_CANCELED) => too_long(told(&cause)),
        Some(&SqlState::LOCK_NOT_AVAILABLE) => locked(told(&cause)),
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => for_now(UNFILLED, told(&cause)),
        // Only a text of the client's can have one.
        Some(&SqlState::UNTRANSLATABLE_CHARACTER) => {
            Error::new(Kind::BadRequest, "a text has letters that the database of this layer does not have")
                .because(told(&cause))
        }
        _ => Error::internal(told(&cause)),
    }
}

/// The same of a query to which the client gave values: where one is nothing that the query can do with, as a pattern that ends
/// too soon or a divisor that is zero, that is the client's.
pub(super) fn reading_given(given: &[(String, Value)], cause: tokio_postgres::Error) -> Error {
    let is_of_values = cause.code().is_some_and(|code| code.code().starts_with("22"));
    let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let ([first, ..], true) = (&names[..], is_of_values) else { return reading(cause) };
    let message = if names.len() == 1 {
        format!("parameter '{first}' has a value that the query of this layer cannot take")
    } else {
        format!("one of the parameters '{}' has a value that the query of this layer cannot take", names.join("', '"))
    };
    Error::new(Kind::InvalidParameter, message).at(*first).because(told(&cause))
}

/// A table is not as it was described: the next look describes it anew.
pub(super) fn changed(cause: impl Into<Cause>) -> Error {
    for_now(CHANGED, cause)
}

/// Whether a statement that was kept has other columns now than when it was prepared.
pub(super) fn is_outdated(cause: &tokio_postgres::Error) -> bool {
    cause.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
}

/// Whether statements that are kept are to be forgotten.
pub(super) fn is_of_kept(cause: &tokio_postgres::Error) -> bool {
    is_outdated(cause) || is_of_statements(cause)
}

/// Whether what a statement names is gone, closed, of another type or in another reference system. Statements are made from
/// descriptions, never by clients.
fn is_changed(cause: &tokio_postgres::Error) -> bool {
    // PostGIS has no code for it.
    if cause.as_db_error().is_some_and(|said| said.message().contains("mixed SRID")) {
        return true;
    }
    cause.code().is_some_and(|code| {
        is_outdated(cause)
            || [
                SqlState::UNDEFINED_COLUMN,
                SqlState::UNDEFINED_TABLE,
                SqlState::UNDEFINED_FUNCTION,
                SqlState::INVALID_SCHEMA_NAME,
                SqlState::DATATYPE_MISMATCH,
                // What may be read is looked at as well.
                SqlState::INSUFFICIENT_PRIVILEGE,
            ]
            .contains(code)
    })
}

/// A fault while a table is described, told to whoever named it: with what PostgreSQL says.
pub(super) fn describing(cause: tokio_postgres::Error) -> Error {
    match cause.code() {
        Some(&SqlState::QUERY_CANCELED) => Error::new(
            Kind::Internal,
            "the database takes too long to tell what it is like: of a view, make a materialized view, or name its ids with \
             key = \"…\" in the project file, and its geometry by its type (geom::geometry(Point, 4326))",
        ),
        Some(_) if holds(&cause) => reading(cause),
        Some(_) if !is_away(&cause) => Error::new(Kind::Internal, told(&cause)),
        _ => reading(cause),
    }
}

/// No connection could be had.
pub(super) fn connecting(cause: PoolError) -> Error {
    match cause {
        PoolError::Backend(cause) if is_refused(&cause) => refused(told(&cause)),
        PoolError::Backend(cause) if is_shared(&cause) => for_now(SHARED, told(&cause)),
        PoolError::Backend(cause) if !is_away(&cause) && cause.code().is_some() => Error::internal(told(&cause)),
        cause => unavailable(cause),
    }
}

/// Whether whoever connects is turned away: class 28, a database that is not there, or one that the role may not enter.
fn is_refused(cause: &tokio_postgres::Error) -> bool {
    cause.code().is_some_and(|code| {
        code.code().starts_with("28") || [SqlState::UNDEFINED_DATABASE, SqlState::INSUFFICIENT_PRIVILEGE].contains(code)
    })
}

/// Whether the database has no room for one more connection, by its own limit or by that of the role or the database.
pub(super) fn is_full(cause: &tokio_postgres::Error) -> bool {
    cause.code() == Some(&SqlState::TOO_MANY_CONNECTIONS)
}

/// Whether the fault lies with the connection, not with the question: another connection may answer it.
pub(super) fn is_away(cause: &tokio_postgres::Error) -> bool {
    match cause.code() {
        // Without a code it was not the database that spoke; a value that cannot be bound or read is no such fault.
        None => {
            cause.is_closed()
                || std::error::Error::source(cause).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        }
        Some(code) => {
            code.code().starts_with("08")
                || is_of_statements(cause)
                || is_shared(cause)
                || [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::TOO_MANY_CONNECTIONS,
                ]
                .contains(code)
                // A replica cancels what stands in the way of its replay.
                || *code == SqlState::T_R_SERIALIZATION_FAILURE
        }
    }
}

/// Whether PostGIS cannot test a geometry of a row, as with a coordinate without end.
pub(super) fn is_untestable(cause: &tokio_postgres::Error) -> bool {
    let is_of_geos = |said: &tokio_postgres::error::DbError| said.message().starts_with("GEOS");
    cause.code() == Some(&SqlState::INTERNAL_ERROR) && cause.as_db_error().is_some_and(is_of_geos)
}

/// What PostgreSQL says of a fault, for the log.
fn told(cause: &tokio_postgres::Error) -> String {
    match cause.as_db_error() {
        Some(said) => format!("{}: {} {}", said.code().code(), said.message(), said.detail().unwrap_or_default()),
        None => cause.to_string(),
    }
}
