//! The commands of `graticule`: a table of contents.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod commands;

/// A page makes hundreds of small pieces of memory and a few large ones; the system's allocator takes a quarter of its time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use commands::{behind, cgi, check, fcgi, hash, init, openapi, scgi, serve, templates};

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
    /// The same behind a web server that speaks FastCGI: from a port, a Unix socket, or spawn-fcgi
    Fcgi(behind::Options),
    /// The same behind a web server that speaks SCGI
    Scgi(behind::Options),
    /// Answer one request of a web server that runs programs (CGI), from the environment and standard input
    Cgi(cgi::Options),
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
    if cgi::arguments_are_the_clients(std::env::args_os()) {
        eprintln!("graticule: refused to take the words of a query as arguments");
        return ExitCode::FAILURE;
    }
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Fcgi(options) => fcgi::run(&options),
        Command::Scgi(options) => scgi::run(&options),
        Command::Cgi(options) => cgi::run(&options),
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
