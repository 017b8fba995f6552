//! A page of features on its way: rows become bytes, batch by batch.

use std::time::Duration;

use http::header;

use super::Rendering;
use super::download::set_links;
use super::features::{FeaturePage, encoder, part};
use super::paging::Paging;
use crate::base::datetime::Instant;
use crate::base::link::Link;
use crate::data::gate::{COUNT_BUDGET, Features, View};
use crate::data::query::Query;
use crate::error::Result;
use crate::exchange::cache::Keeping;
use crate::formats::{Closing, Encoder, Opening, Part};
use crate::message::response::Response;

/// How long who asks for nothing but the number of features waits for it.
const HITS_BUDGET: Duration = Duration::from_secs(20);

/// Writes a page step by step, so that it can go out in chunks.
pub(super) struct PageEncoder {
    encoder: Box<dyn Encoder>,
    /// None where only their number is wanted.
    pub(super) features: Option<Features>,
    part: Part,
    pub(super) view: View,
    query: Query,
    pub(super) paging: Paging,
    links: Vec<Link>,
    rendering: Rendering,
    /// The document's beginning, written with the first rows.
    opening: Vec<u8>,
    returned: u64,
    /// Rows that were counted for the log.
    counted: u64,
    /// Whether the rows are those that were there when the page's end was found.
    is_exact: bool,
    pub(super) done: bool,
}

impl PageEncoder {
    pub(super) async fn start(mut page: FeaturePage, rendering: &Rendering) -> Result<Self> {
        let paging = Paging::start(page.cursor, &mut page.query, &page.view, &page.name).await?;
        let features = page.view.features(&page.query)?;
        let part = part(page.name, &page.view, features.layout(), page.query.crs.clone(), page.decimals);
        let features = (!page.hits).then_some(features);
        let (query, view) = (page.query, page.view);
        let mut links = rendering.own_links();
        links.extend(page.links);
        let mut started = Self {
            encoder: encoder(rendering.format)?,
            features,
            part,
            view,
            query,
            paging,
            links,
            rendering: rendering.clone(),
            opening: Vec::new(),
            returned: 0,
            counted: 0,
            is_exact: true,
            done: false,
        };
        started.open();
        Ok(started)
    }

    /// Nothing is written before the first rows are there: an early fault still has a status.
    fn open(&mut self) {
        self.encoder.open(&Opening { time_stamp: Instant::now().to_seconds(), matched: None }, &mut self.opening);
        self.encoder.part(&self.part, &mut self.opening);
    }

    /// Finds the end of a page whose links go out before its last row: where others follow it, it begins anew as the
    /// rows up to a place, so that the next page begins right there, whatever comes or goes meanwhile.
    pub(super) async fn find_end(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let Some(limit) = self.query.limit.filter(|_| self.features.is_some()) else { return Ok(()) };
        if self.paging.offset() == Some(0)
            && self.view.count(&self.query, COUNT_BUDGET).await?.is_some_and(|all| all <= limit)
        {
            return Ok(());
        }
        let state = self.view.state_now();
        if self.paging.end_at(&mut self.query, &self.view).await? {
            self.features = Some(self.view.features(&self.query)?);
            self.encoder = encoder(self.rendering.format)?;
            self.returned = 0;
            out.clear();
            self.open();
            self.step(out).await?;
            // Else rows may have come or gone between: the page has those up to its end, however many they are now.
            self.is_exact = self.view.state_now() == state;
        }
        Ok(())
    }

    /// Writes the next rows, or the end; false at the end.
    pub(super) async fn step(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let batch = match &mut self.features {
            Some(features) => features.next().await.transpose()?,
            None => None,
        };
        out.append(&mut self.opening);
        if let (Some(batch), Some(features)) = (batch, &self.features) {
            self.returned += batch.len() as u64;
            self.rendering.cx.head().trace.add_rows(self.returned.saturating_sub(self.counted));
            self.counted = self.counted.max(self.returned);
            // About as much as it becomes, so that it is not moved from one place to a larger one.
            out.reserve(batch.size() + batch.size() / 2);
            self.encoder.batch(&batch, out);
            features.recycle(batch);
            return Ok(true);
        }
        self.encoder.end_part(out);
        let mut closing = Closing { links: Vec::new(), matched: None, returned: self.returned };
        if self.rendering.format.carries_links() {
            closing.matched = self.matched().await?;
            closing.links = std::mem::take(&mut self.links);
            closing.links.extend(self.neighbours());
        }
        self.encoder.close(&closing, out);
        self.done = true;
        Ok(false)
    }

    /// Keeps what is sent, if that is small enough.
    pub(super) fn keep(&self, keeping: &mut Option<Keeping>, chunk: &[u8]) {
        if keeping.as_mut().is_some_and(|keeping| !keeping.push(chunk)) {
            *keeping = None;
        }
        if let Some(keeping) = keeping.take_if(|_| self.done) {
            keeping.end(self.rendering.cx.answers(), self.returned);
        }
    }

    /// Says in headers what the format has no place for. They may go out before the last row is known.
    pub(super) async fn tell_in_headers(&self, response: &mut Response) -> Result<()> {
        if self.rendering.format.carries_links() {
            return Ok(());
        }
        let matched = match &self.features {
            Some(_) if !self.done => self.view.count(&self.query, COUNT_BUDGET).await?,
            _ => self.matched().await?,
        };
        set_links(response, self.links.iter().cloned().chain(self.neighbours()));
        let mut set = |name, number: u64| response.set(header::HeaderName::from_static(name), number.into());
        if let Some(matched) = matched {
            set("ogc-numbermatched", matched);
        }
        let size = if self.done { Some(self.returned) } else { self.paging.size(matched).filter(|_| self.is_exact) };
        if let Some(returned) = size {
            set("ogc-numberreturned", returned);
        }
        Ok(())
    }

    /// The number of features that match: known where this is the last page, else counted within a budget.
    async fn matched(&self) -> Result<Option<u64>> {
        if let Some(all) = self.all_told() {
            return Ok(Some(all));
        }
        if let Some(matched) = self.features.as_ref().and_then(Features::matched) {
            return Ok(Some(matched));
        }
        let budget = if self.features.is_some() { COUNT_BUDGET } else { HITS_BUDGET };
        self.view.count(&self.query, budget).await
    }

    /// The number of all, where the page is known to end with the last one and how many came before was counted.
    fn all_told(&self) -> Option<u64> {
        let (features, offset) = (self.features.as_ref()?, self.paging.offset()?);
        let is_known = self.returned > 0 || offset == 0;
        (!features.more() && is_known).then_some(offset + self.returned)
    }

    /// Links to the pages before and after.
    fn neighbours(&self) -> Vec<Link> {
        let Some(features) = &self.features else { return Vec::new() };
        let links = self.paging.neighbours(&self.rendering, features.more(), features.ends(), self.returned);
        self.rendering.led(links)
    }
}
