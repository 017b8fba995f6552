//! `graticule check`.

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::progress::Progress;
use super::publish::Publish;
use super::running::runtime;
use super::{Done, print};

/// Options of `check`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
}

/// What is told while files are opened and is no fault, such as a reference system that had to be guessed.
const TOLD: &str = "off,graticule::project=info,graticule::sources=warn";

pub(crate) fn run(options: &Options) -> Done {
    let told = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(TOLD)).without_time().with_target(false);
    // Another log is one as well.
    let _ = told.with_ansi(false).with_writer(std::io::stderr).try_init();
    let progress = Progress::start();
    let published = options.publish.build(None);
    // A file may be damaged where opening it does not look.
    let looked = published.map(|published| {
        let snapshot = published.server.snapshot();
        let faults = runtime().map(|runtime| runtime.block_on(snapshot.look_through()));
        (published, faults)
    });
    drop(progress);
    let (published, unreadable) = looked?;
    let faults = [published.faults.clone(), unreadable?].concat();
    for project in published.server.snapshot().projects() {
        print(&project.title)?;
        for layer in project.layers() {
            print(&format!("  {:<30} {}", layer.id, layer.title))?;
        }
    }
    for warning in published.server.snapshot().warnings() {
        eprintln!("warning: {warning}");
    }
    match faults.len() {
        0 => Ok(()),
        _ => Err(faults.join("\n")),
    }
}
