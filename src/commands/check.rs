//! `graticule check`.

use clap::Args;

use super::Done;
use super::publish::Publish;

/// Options of `check`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
}

pub(crate) fn run(options: &Options) -> Done {
    let published = options.publish.build()?;
    for project in published.server.snapshot().projects() {
        println!("{}", project.title);
        for layer in project.layers() {
            println!("  {:<30} {}", layer.id, layer.title);
        }
    }
    match published.faults.len() {
        0 => Ok(()),
        _ => Err(published.faults.join("\n")),
    }
}
