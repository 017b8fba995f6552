//! What the commands that serve share: log, runtime, and what they say when they start.

use std::fmt::Write;
use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use graticule::server::Snapshot;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::progress::Progress;
use super::publish::{Publish, Published};
use super::{Done, print};
use graticule::base::stack::STACK;

/// Options of every command that serves.
#[derive(Args)]
pub(crate) struct Running {
    /// Seconds between two looks at the project file, the templates and the data, to keep up with them; 0 looks at SIGHUP
    /// alone
    #[arg(long, value_name = "SECONDS", default_value_t = 2, env = "GRATICULE_WATCH")]
    pub(crate) watch: u64,
    /// How the log is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "GRATICULE_LOG_FORMAT")]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or directives such as graticule=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "GRATICULE_LOG")]
    log: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Running {
    /// Starts to log to standard error.
    pub(crate) fn start_log(&self) -> Done {
        let filter = filter(&self.log)?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
        Ok(())
    }
}

/// What is logged. A word alone is a level: another would be taken for the name of a module that nobody has, and all be silent.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let wrong = |what: &str| format!("--log '{text}': {what}");
    let levels = "expected error, warn, info, debug, trace or off, or directives such as graticule=debug";
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let is_word = |word: &str| !word.contains(['=', '[', ':']) && !word.starts_with("graticule");
    match words.into_iter().find(|word| is_word(word) && !is_level(word)) {
        Some(_) => Err(wrong(levels)),
        None => EnvFilter::try_new(text).map_err(|cause| wrong(&cause.to_string())),
    }
}

/// An address and a port, as an option.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("expected an address and a port, such as 127.0.0.1:8080".to_owned()),
    }
}

/// Builds the server. Layers that cannot be served are logged; where there are no others, and none may come, that is the
/// error.
pub(crate) fn published(publish: &Publish) -> Result<Published, String> {
    let progress = Progress::start();
    let published = publish.build(None);
    drop(progress);
    let published = published?;
    let collections: usize = published.server.snapshot().projects().map(|project| project.layers().len()).sum();
    if collections == 0 && !published.faults.is_empty() && !published.watched.is_waiting() {
        return Err(published.faults.join("\n"));
    }
    for fault in &published.faults {
        tracing::error!("{fault}");
    }
    for warning in published.server.snapshot().warnings() {
        tracing::warn!("{warning}");
    }
    Ok(published)
}

/// A runtime on all processors.
pub(crate) fn runtime() -> Result<Runtime, String> {
    // The usual 1024 are soon taken by clients that keep their connections open.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build();
    runtime.map_err(|cause| format!("the runtime does not start: {cause}"))
}

/// Tells where the server listens and every mounted URL, or path where the web server in front makes URLs of them.
pub(crate) fn announce(server: &Snapshot, listening: &str, base: &str) -> Done {
    let projects: Vec<_> = server.projects().collect();
    let collections: usize = projects.iter().map(|project| project.layers().len()).sum();
    let mut text = format!("Graticule {} serves {collections} collections{listening}\n", env!("CARGO_PKG_VERSION"));
    // Writing to a string does not fail.
    let mut line = |line: std::fmt::Arguments<'_>| text.write_fmt(line).unwrap_or_default();
    for project in projects {
        let mount = project.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        line(format_args!("\n  {}\n", project.title));
        for info in server.registry().infos() {
            let path = if info.root.is_empty() { "/" } else { &info.root };
            line(format_args!("    {:<50} {}\n", format!("{base}{mount}{path}"), info.title));
        }
        let services = server.registry().service_names();
        if !services.is_empty() {
            line(format_args!("    {:<50} {}\n", format!("{base}{mount}/ows"), services.join(", ")));
        }
        line(format_args!("    {:<50} API definition\n", format!("{base}{mount}/api.html")));
    }
    line(format_args!("\nPress Ctrl+C to stop."));
    print(&text)
}
