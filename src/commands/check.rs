//! `graticule check`.

use clap::Args;

use super::progress::Progress;
use super::publish::Publish;
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
    drop(progress);
    let published = published?;
    for project in published.server.snapshot().projects() {
        print(&project.title)?;
        for layer in project.layers() {
            print(&format!("  {:<30} {}", layer.id, layer.title))?;
        }
    }
    for warning in published.server.snapshot().warnings() {
        eprintln!("warning: {warning}");
    }
    match published.faults.len() {
        0 => Ok(()),
        _ => Err(published.faults.join("\n")),
    }
}
