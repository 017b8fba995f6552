//! `graticule check`.

use clap::Args;

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

pub(crate) fn run(options: &Options) -> Done {
    let progress = Progress::start();
    let published = options.publish.build();
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
