//! The same rows in a database and in files, with a server for each.

use crate::harness::postgres::Postgres;
use crate::harness::server::Server;

pub(crate) struct Both {
    pub(crate) database: Postgres,
    pub(crate) of_database: Server,
    pub(crate) of_file: Server,
}

impl Both {
    /// Loads layers of files into a database; what is done then is done before that is served.
    pub(crate) fn load(layers: &[(&str, &str)], then: impl FnOnce(&Postgres, &Server)) -> Self {
        let database = Postgres::start();
        let mut files: Vec<&str> = Vec::new();
        for (file, layer) in layers {
            database.load(file, layer, &[]);
            if !files.contains(file) {
                files.push(file);
            }
        }
        let of_file = Server::start(&files);
        then(&database, &of_file);
        let of_database = Server::start(&[&database.dsn()]);
        Self { database, of_database, of_file }
    }
}
