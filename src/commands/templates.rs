//! `graticule templates`.

use std::path::PathBuf;

use clap::Args;
use graticule::web::assets;

use super::Done;

/// Options of `templates`.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder; it is made where it is missing, and files in it are not overwritten
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(options: &Options) -> Done {
    let folder = options.folder.display();
    let count = assets::write_defaults(&options.folder).map_err(|cause| format!("{folder}: {cause}"))?;
    println!("{count} files written to {folder}; keep those that you change, and serve with --templates {folder}");
    Ok(())
}
