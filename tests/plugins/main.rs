//! Everything that plugins can do: I/O filters, services, access control, and the examples that show them.

mod cancelled;
mod dialects;
mod hostile;
mod kit;
mod order;
mod parameters;
mod replacing;
mod scripted;
mod services;
mod streaming;
mod versions;
