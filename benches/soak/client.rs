//! Clients of every temper: those that read, that leave, that read a byte a second, that never end their head.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// What is asked: every operation of every service, on a GeoPackage, on a file that GDAL reads and on a raster.
const TARGETS: [&str; 44] = [
    "/",
    "/api",
    "/health",
    "/ready",
    "/metrics",
    "/ogcapi",
    "/ogcapi/conformance",
    "/ogcapi/api",
    "/ogcapi/functions",
    "/ogcapi/collections",
    "/ogcapi/collections?f=html",
    "/ogcapi/collections/countries",
    "/ogcapi/collections/countries?f=html",
    "/ogcapi/collections/countries/schema",
    "/ogcapi/collections/countries/queryables",
    "/ogcapi/collections/countries/sortables",
    "/ogcapi/collections/countries/items?limit=200",
    "/ogcapi/collections/countries/items?limit=200&f=html",
    "/ogcapi/collections/countries/items?limit=200&f=fgb",
    "/ogcapi/collections/countries/items?bbox=0,0,20,20&crs=http://www.opengis.net/def/crs/EPSG/0/3857",
    "/ogcapi/collections/countries/items?filter=pop_est%3E1000000&sortby=-pop_est",
    "/ogcapi/collections/cities/items?limit=50&offset=100",
    "/ogcapi/collections/cities/items?limit=500&f=csv",
    "/ogcapi/collections/cities/items?resultType=hits",
    "/ogcapi/collections/cities/items/7",
    "/ogcapi/collections/grid/items?limit=1000",
    "/ogcapi/collections/grid/items?limit=1000&f=geojsonseq&bbox=3,3,60,60",
    "/ogcapi/collections/grid/items/77",
    "/customapi?x=1&y=2&r=3&segments=10000",
    "/ows?SERVICE=WMS&REQUEST=GetCapabilities",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=countries,cities&STYLES=,&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=512&HEIGHT=256&FORMAT=image/png",
    "/ows?SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=elevation,grid&STYLES=,&SRS=EPSG:3857&BBOX=0,0,9000000,9000000&WIDTH=256&HEIGHT=256&FORMAT=image/jpeg",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=360&HEIGHT=180&I=200&J=50&INFO_FORMAT=application/json",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=countries&FORMAT=image/png",
    "/ows?SERVICE=WFS&REQUEST=GetCapabilities",
    "/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=DescribeFeatureType",
    "/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=countries",
    "/ows?SERVICE=WFS&VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=grid&BBOX=0,0,50,50",
    "/ows?SERVICE=WCS&REQUEST=GetCapabilities",
    "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=DescribeCoverage&COVERAGEID=elevation",
    "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=elevation&FORMAT=image/tiff",
    "/nothing/here",
    "/ogcapi/collections/countries/items?limit=nonsense",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=nothing",
];

/// How long a well-behaved client waits for its whole answer.
const WAIT: Duration = Duration::from_secs(30);
/// How long one that reads a byte a second, or never ends its head, stays.
const STAY: Duration = Duration::from_secs(12);

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) whole: AtomicU64,
    /// Told to come back later: a stated limit.
    pub(crate) refused: AtomicU64,
    /// Clients that left, or were sent away for their slowness.
    pub(crate) left: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) late: AtomicU64,
}

impl Tally {
    fn count(&self, outcome: Outcome) {
        let number = match outcome {
            Outcome::Whole => &self.whole,
            Outcome::Refused => &self.refused,
            Outcome::Left => &self.left,
            Outcome::Failed => &self.failed,
            Outcome::Late => &self.late,
        };
        number.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Whole,
    Refused,
    Left,
    Failed,
    Late,
}

/// One connection after the other, each a client of another temper.
pub(crate) async fn client(address: SocketAddr, number: usize, end: Instant, tally: Arc<Tally>) {
    for round in number.. {
        if Instant::now() >= end {
            return;
        }
        let target = TARGETS[round % TARGETS.len()];
        // Steps that have no divisor in common, so that each temper meets each target.
        let temper = (round / 3) % 32;
        let coding = ["identity", "zstd", "gzip", "br"][(round / 5) % 4];
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        let head =
            format!("GET {target} HTTP/1.1\r\nHost: soak\r\nConnection: close\r\nAccept-Encoding: {coding}\r\n\r\n");
        let outcome = match temper {
            3 => half_a_head(&mut stream, &head).await,
            7 => leaves_early(&mut stream, &head).await,
            11 => a_byte_a_second(&mut stream, &head, end).await,
            _ => reads_all(&mut stream, target, &head).await,
        };
        tally.count(outcome);
    }
}

/// Sends the start of a request and nothing more, until it is sent away or leaves.
async fn half_a_head(stream: &mut TcpStream, head: &str) -> Outcome {
    let _ = stream.write_all(&head.as_bytes()[..20]).await;
    let _ = timeout(STAY, stream.read(&mut [0; 512])).await;
    Outcome::Left
}

async fn leaves_early(stream: &mut TcpStream, head: &str) -> Outcome {
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.read(&mut [0; 512]).await;
    Outcome::Left
}

async fn a_byte_a_second(stream: &mut TcpStream, head: &str, end: Instant) -> Outcome {
    let _ = stream.write_all(head.as_bytes()).await;
    let leaves = end.min(Instant::now() + STAY);
    while Instant::now() < leaves && matches!(stream.read(&mut [0; 1]).await, Ok(1..)) {
        sleep(Duration::from_secs(1)).await;
    }
    Outcome::Left
}

async fn reads_all(stream: &mut TcpStream, target: &str, head: &str) -> Outcome {
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    if timeout(WAIT, stream.read_to_end(&mut answer)).await.is_err() {
        return Outcome::Late;
    }
    let status = answer.get(9..12).map(String::from_utf8_lossy).unwrap_or_default();
    match status.parse() {
        Ok(200..500) => Outcome::Whole,
        Ok(503) => Outcome::Refused,
        _ => {
            println!("{target}: {}", String::from_utf8_lossy(&answer[..answer.len().min(200)]));
            Outcome::Failed
        }
    }
}
