//! The commands of `graticule`: a table of contents.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod commands;

use commands::{check, hash, init, openapi, serve, templates};

/// Geodata on the web: OGC API Features, pages and maps from files, at once.
///
/// `graticule serve world.gpkg` publishes every layer of a file; a browser shows pages and maps at the URL that it prints,
/// and a GIS client connects to /ogcapi. Without data it shows the bundled sample data.
#[derive(Parser)]
#[command(name = "graticule", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publish files, or what a project file names, until told to stop
    Serve(serve::Options),
    /// Write a commented project file for data, to start from
    Init(init::Options),
    /// Open and validate everything that would be served; exits with 1 on a fault
    Check(check::Options),
    /// Read a password from a prompt or standard input, and print its hash for the project file
    Hash(hash::Options),
    /// Print an OpenAPI document of the server
    Openapi(openapi::Options),
    /// Write the templates of the pages into a folder, to change them there
    Templates(templates::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Init(options) => init::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Hash(options) => hash::run(&options),
        Command::Openapi(options) => openapi::run(&options),
        Command::Templates(options) => templates::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("graticule: {message}");
            ExitCode::FAILURE
        }
    }
}
