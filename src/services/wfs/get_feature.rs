//! `GetFeature`.

use std::time::Instant;

use http::Method;

use crate::base::format::Format;
use crate::base::link::Rel;
use crate::data::gate::COUNT_BUDGET;
use crate::data::query::Query;
use crate::error::{Error, Kind, Result};
use crate::formats::gml::{self, FeatureWriter, Srs, Version};
use crate::formats::{Encoder, Opening, Part, csv, geojson};
use crate::message::response::Response;
use crate::services::ows::kvp::{Kvp, invalid};

use super::Call;
use super::answer::{COUNTING, Running, Turn, Writer, link};
use super::ask::{Ask, TypeQuery, What, time_stamp};
use super::collection::{CLOSE, CLOSE_NESTED, CLOSE_VALUES, Collection, Told};
use super::names::Names;
use super::output_format::OutputFormat;
use super::stored_queries;

pub(super) async fn get_feature(call: &Call<'_>) -> Result<Response> {
    let ask = Ask::read(call)?;
    let format = ask.output_format(call)?;
    if call.cx.head().method == Method::HEAD {
        // A head never starts a query.
        return Ok(Response::ok(format.media_type(), Vec::new()));
    }
    let names = Names::new(call.cx, Kvp::new(call.cx.head()))?;
    match (&ask.what, format) {
        (What::ById(id), _) => stored_queries::get_feature_by_id(call, &names, id, format).await,
        (What::Queries(queries), _) if ask.hits => hits(call, &names, &ask, queries, format).await,
        (What::Queries(queries), OutputFormat::Gml(version)) => {
            let gml = Gml { call, names: &names, ask: &ask, version };
            gml.answer(queries).await
        }
        (What::Queries(queries), OutputFormat::Other(_)) => plain(call, &ask, queries, format).await,
    }
}

/// How many features match, however long that takes (within reason).
pub(super) async fn counted(query: &TypeQuery) -> Result<u64> {
    let (query, view) = (query.query(None).0, &query.of.view);
    let begun = Instant::now();
    view.count(&query, COUNTING).await?.ok_or_else(|| {
        if begun.elapsed() < COUNTING {
            return Error::new(Kind::Unavailable, "the features cannot be counted at present, try again");
        }
        Error::new(Kind::Timeout, "the features could not be counted in time; ask for fewer with COUNT")
    })
}

/// The number alone.
async fn hits(
    call: &Call<'_>,
    names: &Names<'_>,
    ask: &Ask,
    queries: &[TypeQuery],
    format: OutputFormat,
) -> Result<Response> {
    let mut matched = 0;
    for query in queries {
        matched += counted(query).await?;
    }
    let version = match format {
        OutputFormat::Gml(version) => version,
        // A number is told in XML, whatever the features would be.
        OutputFormat::Other(_) => super::dialects::gml(call.dialect),
    };
    let types: Vec<&str> = queries.iter().map(|query| query.of.name.as_str()).collect();
    // Of 1.1.0 the one number is that of all that match; 2.0.0 has two.
    let returned = Some(if version == Version::V32 { 0 } else { matched });
    let next = ask.count.filter(|count| *count > 0).map(|count| ask.page(call.cx, ask.start, count));
    let told = Told { matched: Some(matched), returned, next, previous: None };
    let mut out = Collection::new(call.cx, names, version, &types).open(&told);
    out.extend_from_slice(CLOSE);
    Ok(Response::ok(OutputFormat::Gml(version).media_type(), out))
}

/// An answer in GML.
pub(super) struct Gml<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) names: &'a Names<'a>,
    pub(super) ask: &'a Ask,
    pub(super) version: Version,
}

impl Gml<'_> {
    async fn answer(&self, queries: &[TypeQuery]) -> Result<Response> {
        let types: Vec<&str> = queries.iter().map(|query| query.of.name.as_str()).collect();
        let collection = Collection::new(self.call.cx, self.names, self.version, &types);
        let media_type = OutputFormat::Gml(self.version).media_type();
        if queries.len() != 1 {
            return self.several(&collection, queries, media_type).await;
        }
        let turn = self.turn(&queries[0], &collection)?;
        self.one(&collection, &queries[0], turn).await
    }

    /// One type: numbers and neighbours are told in the root, before the features.
    pub(super) async fn one(&self, collection: &Collection, query: &TypeQuery, mut turn: Turn) -> Result<Response> {
        let media_type = OutputFormat::Gml(self.version).media_type();
        (turn.query.offset, turn.query.limit) = (self.ask.start, self.ask.count);
        let (view, question) = (turn.view.clone(), turn.query.clone());
        let is_values = self.ask.value.is_some();
        let close = if is_values { CLOSE_VALUES } else { CLOSE };
        let mut running = Running::start(self.call.cx, vec![turn], None, None, close)?;
        let mut out = Vec::with_capacity(64 * 1024);
        let is_whole = running.fill(&mut out).await?;
        let (start, mut told) = (self.ask.start, Told::default());
        if is_whole {
            told.returned = Some(running.returned);
            let is_last = !running.more && (running.returned > 0 || start == 0);
            told.matched = match self.version {
                _ if is_last => Some(start + running.returned),
                Version::V32 => view.count(&question, COUNT_BUDGET).await?,
                _ => None,
            };
        } else if self.version == Version::V32 {
            // The root says how many follow, so they are counted first.
            let matched = counted(query).await?;
            let rest = matched.saturating_sub(start);
            told.matched = Some(matched);
            told.returned = Some(question.limit.map_or(rest, |limit| limit.min(rest)));
        }
        let is_more = if is_whole { running.more } else { told.matched > Some(start + told.returned.unwrap_or(0)) };
        self.neighbours(&mut told, is_more);
        let head = if is_values { collection.open_values(&told) } else { collection.open(&told) };
        running.into_response(media_type, head, out, told.returned)
    }

    /// Links to the pages before and after.
    fn neighbours(&self, told: &mut Told, is_more: bool) {
        let (start, cx) = (self.ask.start, self.call.cx);
        let Some(count) = self.ask.count.filter(|count| *count > 0) else { return };
        if is_more {
            told.next = Some(self.ask.page(cx, start.saturating_add(count), count));
        }
        if start > 0 {
            // The page before may be shorter than the others; it never repeats what follows it.
            let before = start.saturating_sub(count);
            told.previous = Some(self.ask.page(cx, before, start - before));
        }
    }

    /// Several types: in 2.0.0 each in a collection of its own, before that one after the other.
    async fn several(
        &self,
        collection: &Collection,
        queries: &[TypeQuery],
        media_type: &'static str,
    ) -> Result<Response> {
        let is_nested = self.version == Version::V32;
        let (mut turns, mut told) = (Vec::new(), Told::default());
        let (mut skip, mut left) = (self.ask.start, self.ask.count);
        let (mut matched, mut returned) = (0, 0);
        for query in queries {
            let mut turn = self.turn(query, collection)?;
            if is_nested || skip > 0 {
                let own = counted(query).await?;
                turn.query.offset = skip.min(own);
                skip -= turn.query.offset;
                let rest = own - turn.query.offset;
                let follow = left.map_or(rest, |left| left.min(rest));
                turn.query.limit = Some(follow);
                matched += own;
                if is_nested {
                    left = left.map(|left| left - follow);
                    returned += follow;
                    let told = Told { matched: Some(own), returned: Some(follow), ..Told::default() };
                    turn.open = collection.open_nested(&told);
                    turn.close = CLOSE_NESTED;
                    turn.announced = Some(follow);
                }
            }
            turns.push(turn);
        }
        if is_nested {
            (told.matched, told.returned) = (Some(matched), Some(returned));
            self.neighbours(&mut told, matched > self.ask.start.saturating_add(returned));
        }
        let limit = if is_nested { None } else { self.ask.count };
        let mut running = Running::start(self.call.cx, turns, limit, None, CLOSE)?;
        let mut out = Vec::with_capacity(64 * 1024);
        if running.fill(&mut out).await? && !is_nested {
            told.returned = Some(running.returned);
        }
        running.into_response(media_type, collection.open(&told), out, told.returned)
    }

    fn turn(&self, query: &TypeQuery, collection: &Collection) -> Result<Turn> {
        let (question, srs) = query.query(Some(self.version));
        let of = feature_type(self.names, query, &question, srs)?;
        let writer = FeatureWriter::new(self.version, &of, collection.member(), "");
        Ok(Turn {
            view: query.of.view.clone(),
            query: question,
            writer: Writer::Gml(Box::new(writer)),
            open: Vec::new(),
            close: b"",
            announced: None,
        })
    }
}

/// A feature type as its rows will be written.
pub(super) fn feature_type(
    names: &Names<'_>,
    query: &TypeQuery,
    question: &Query,
    srs: Srs,
) -> Result<gml::FeatureType> {
    Ok(gml::FeatureType {
        prefix: names.prefix.to_owned(),
        name: query.of.name.clone(),
        schema: query.of.schema().clone(),
        layout: query.of.view.layout(question)?,
        geometry: !question.without_geometry,
        srs,
    })
}

/// An answer in GeoJSON or CSV, which tells at the end how many there were.
async fn plain(call: &Call<'_>, ask: &Ask, queries: &[TypeQuery], format: OutputFormat) -> Result<Response> {
    let mut encoder: Box<dyn Encoder> = match format {
        OutputFormat::Other(Format::Csv) => Box::new(csv::Csv::new()),
        _ => Box::new(geojson::GeoJson::new().with_typed_ids()),
    };
    if queries.len() > 1 && format == OutputFormat::Other(Format::Csv) {
        return Err(invalid("OUTPUTFORMAT", "CSV", "a format that can have several feature types, or one type"));
    }
    let (mut turns, mut skip) = (Vec::new(), ask.start);
    for query in queries {
        let (mut question, _) = query.query(None);
        if queries.len() == 1 {
            question.offset = skip;
        } else if skip > 0 {
            question.offset = skip.min(counted(query).await?);
            skip -= question.offset;
        }
        let layout = query.of.view.layout(&question)?;
        let part = Part {
            name: query.of.name.clone(),
            schema: query.of.schema().clone(),
            layout,
            crs: question.crs.clone(),
            decimals: query.of.layer.decimals,
        };
        turns.push(Turn {
            view: query.of.view.clone(),
            query: question,
            writer: Writer::Part(part),
            open: Vec::new(),
            close: b"",
            announced: None,
        });
    }
    let first = turns.first().map(|turn| (turn.view.clone(), turn.query.clone())).filter(|_| turns.len() == 1);
    let mut head = Vec::new();
    encoder.open(&Opening { time_stamp: time_stamp(), matched: None }, &mut head);
    let mut running = Running::start(call.cx, turns, ask.count, Some(encoder), b"")?;
    let mut out = Vec::with_capacity(64 * 1024);
    if running.fill(&mut out).await? {
        let is_last = !running.more && (running.returned > 0 || ask.start == 0);
        running.matched = match first {
            _ if is_last => Some(ask.start + running.returned),
            Some((view, question)) => view.count(&question, COUNT_BUDGET).await?,
            None => None,
        };
        if let (true, Some(count)) = (running.more, ask.count.filter(|count| *count > 0)) {
            let url = ask.page(call.cx, ask.start.saturating_add(count), count);
            running.links.push(link(url, Rel::Next, format.media_type(), "Next page"));
        }
    }
    running.into_response(format.media_type(), head, out, None)
}
