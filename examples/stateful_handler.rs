//! A handler with state: a struct that all requests share, here with a task that renews what it tells. It has a parameter
//! in the path and a choice of words.
//!
//! `cargo run --example stateful_handler`, then <http://127.0.0.1:8080/weather/stations/harbour?unit=fahrenheit>

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use clap::Parser;
use graticule::api::{Handler, Json, OgcApi, get};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::project::catalog::Project;
use graticule::{Context, Error, Kind, Result, standard};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
struct Question {
    /// Name of the station
    station: String,
    /// Unit of the answer
    #[param(inline, default = "celsius")]
    unit: Unit,
}

// A choice of words stands in the parameter itself, hence `#[param(inline)]` above.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Celsius,
    Fahrenheit,
}

/// What a station measures
#[derive(Serialize, ToSchema)]
struct Reading {
    /// Name of the station
    station: String,
    /// Temperature of the air in the unit that was asked for
    temperature: f64,
}

/// The state: degrees Celsius by station.
type Temperatures = Arc<RwLock<BTreeMap<String, f64>>>;

struct Stations {
    temperatures: Temperatures,
}

impl Handler<Question> for Stations {
    type Output = Json<Reading>;

    async fn handle(&self, _: Context, asked: Question) -> Result<Json<Reading>> {
        let temperatures = self.temperatures.read().unwrap_or_else(PoisonError::into_inner);
        let celsius = *temperatures.get(&asked.station).ok_or_else(|| {
            let known = temperatures.keys().cloned().collect::<Vec<_>>().join(", ");
            Error::new(Kind::UnknownFeature, format!("there is no station '{}', only {known}", asked.station))
        })?;
        let temperature = match asked.unit {
            Unit::Celsius => celsius,
            Unit::Fahrenheit => celsius * 1.8 + 32.0,
        };
        Ok(Json::new(Reading { station: asked.station, temperature }))
    }
}

fn api(temperatures: Temperatures) -> OgcApi {
    OgcApi::new("/weather", "Weather").description("Temperatures of the air").route(
        get("/stations/(?<station>[^/]+)", "getTemperature", Stations { temperatures })
            .summary("The temperature at a station, now"),
    )
}

/// Stands for whatever tells the truth: a sensor, a queue, a database.
async fn measure(temperatures: Temperatures) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for celsius in temperatures.write().unwrap_or_else(PoisonError::into_inner).values_mut() {
            *celsius += 0.1;
        }
    }
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn StdError>> {
    let options = Options::parse();
    let stations = [("harbour", 11.0), ("summit", -4.5)].map(|(name, celsius)| (name.to_owned(), celsius));
    let temperatures = Temperatures::new(RwLock::new(BTreeMap::from(stations)));
    let server = standard::server(Project::new("Weather")).api(api(temperatures.clone())).build()?;
    tokio::spawn(measure(temperatures));
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/weather/stations/harbour?unit=fahrenheit", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
