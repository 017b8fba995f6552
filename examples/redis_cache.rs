//! A cache filter that several servers share: documents and images in Redis, before the built-in memory.
//!
//! `cargo run --example redis_cache -- --redis 127.0.0.1:6379`, then <http://127.0.0.1:8080/ogcapi/api> twice.

use std::error::Error;
use std::io;
use std::time::Duration;

use clap::Parser;
use graticule::exchange::cache::{CacheFilter, CacheKey, CacheKind, Cached};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::standard;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// One connection to Redis, made when it is first needed and again when it broke. A cache that does not answer in time is
/// no reason to let a client wait: the document is made.
struct Redis {
    address: String,
    connection: Mutex<Option<BufStream<TcpStream>>>,
}

const PATIENCE: Duration = Duration::from_millis(200);
const AGE: &str = "3600";

impl Redis {
    fn new(address: String) -> Self {
        Self { address, connection: Mutex::new(None) }
    }

    /// Sends a command; gives the bulk string or the status that comes back.
    async fn call(&self, words: &[&[u8]]) -> Option<Vec<u8>> {
        let mut connection = self.connection.lock().await;
        let answer = timeout(PATIENCE, self.talk(&mut connection, words)).await;
        if let Ok(Ok(answer)) = answer {
            return answer;
        }
        // Half an answer may still be on its way: the next call takes a new connection.
        *connection = None;
        None
    }

    async fn talk(
        &self,
        connection: &mut Option<BufStream<TcpStream>>,
        words: &[&[u8]],
    ) -> io::Result<Option<Vec<u8>>> {
        if connection.is_none() {
            *connection = Some(BufStream::new(TcpStream::connect(&self.address).await?));
        }
        let Some(stream) = connection else { return Ok(None) };
        stream.write_all(format!("*{}\r\n", words.len()).as_bytes()).await?;
        for word in words {
            stream.write_all(format!("${}\r\n", word.len()).as_bytes()).await?;
            stream.write_all(word).await?;
            stream.write_all(b"\r\n").await?;
        }
        stream.flush().await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end();
        let Some(length) = line.strip_prefix('$') else {
            return Ok(line.strip_prefix('+').map(|status| status.as_bytes().to_vec()));
        };
        let Ok(length) = length.parse::<usize>() else { return Ok(None) };
        let mut bulk = vec![0; length + 2];
        stream.read_exact(&mut bulk).await?;
        bulk.truncate(length);
        Ok(Some(bulk))
    }
}

impl CacheFilter for Redis {
    async fn get(&self, key: &CacheKey) -> Option<Cached> {
        let entry = self.call(&[b"GET", key.as_str().as_bytes()]).await?;
        // The content type, a line feed, the body.
        let end = entry.iter().position(|byte| *byte == b'\n')?;
        let content_type = String::from_utf8(entry[..end].to_vec()).ok()?;
        Some(Cached { content_type, body: entry[end + 1..].to_vec().into() })
    }

    async fn set(&self, key: &CacheKey, entry: &Cached) -> bool {
        let value = [entry.content_type.as_bytes(), b"\n", &entry.body].concat();
        self.call(&[b"SET", key.as_str().as_bytes(), &value, b"EX", AGE.as_bytes()]).await.is_some()
    }

    async fn clear(&self, _: CacheKind) {
        // Keys have the state of the server in them, so that old entries are never met again; they end by their age.
    }
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Address and port of Redis
    #[arg(long, default_value = "127.0.0.1:6379")]
    redis: String,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).cache(Redis::new(options.redis), 100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/ogcapi/api", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
