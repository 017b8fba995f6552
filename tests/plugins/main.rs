//! Everything that plugins can do: I/O filters, services, access control, and the examples that show them.

mod access;
mod cancelled;
mod dialects;
mod examples;
mod hostile;
mod kit;
mod oracle;
mod order;
mod parameters;
mod private;
mod replacing;
mod rules;
mod scripted;
mod services;
mod streaming;
mod versions;
