//! Where a page lies among all features, and the links to its neighbours. They lead by places in the order, not by numbers
//! of rows: a far page costs what the first does, and whatever comes or goes meanwhile, nothing that stays is passed over
//! or comes twice.

use crate::base::link::{Link, Rel};
use crate::data::cursor::{self, Cursor};
use crate::data::gate::View;
use crate::data::position::{Edge, Position};
use crate::data::query::Query;
use crate::error::Result;

use super::Rendering;

/// How a page lies.
pub(super) struct Paging {
    scope: u32,
    /// The size that was asked for.
    limit: u64,
    /// Rows before the page: by its offset, or as far as a cursor knows.
    pub(super) first: u64,
    /// The place by which the client came.
    cursor: Option<Cursor>,
    /// Whether rows may lie before it.
    has_before: bool,
    /// The place of its last row, where that was found before it was read.
    end: Option<Position>,
}

impl Paging {
    /// Makes a question one for its page.
    pub(super) async fn start(cursor: Option<Cursor>, query: &mut Query, view: &View, name: &str) -> Result<Self> {
        query.places = true;
        let mut paging = Self {
            scope: cursor::scope(name, query, view),
            limit: query.limit.unwrap_or(u64::MAX),
            first: query.offset,
            cursor,
            has_before: query.offset > 0,
            end: None,
        };
        let Some(Cursor { edge, is_before, passed }) = paging.cursor.clone() else { return Ok(paging) };
        (paging.first, paging.has_before) = (passed, true);
        if !is_before {
            query.after = Some(edge);
            return Ok(paging);
        }
        query.until = Some(edge);
        // Where it begins is found backwards; it is then read as any other.
        let begin = view.place(&Query { backwards: true, ..query.clone() }).await?;
        paging.has_before = begin.more;
        paging.first = if begin.more { passed.saturating_sub(begin.count) } else { 0 };
        query.after = begin.last.map(|position| Edge { position, is_inclusive: true });
        query.limit = None;
        Ok(paging)
    }

    /// The offset, where the page has no other beginning.
    pub(super) fn offset(&self) -> Option<u64> {
        self.cursor.is_none().then_some(self.first)
    }

    /// How many rows the page will have, where that is known before they are read.
    pub(super) fn size(&self, matched: Option<u64>) -> Option<u64> {
        if self.end.is_some() {
            return Some(self.limit);
        }
        Some(matched?.saturating_sub(self.offset()?).min(self.limit))
    }

    /// Has the page end at the place where it would, where rows follow it; false where none do.
    pub(super) async fn end_at(&mut self, query: &mut Query, view: &View) -> Result<bool> {
        let end = view.place(query).await?;
        let Some(last) = end.last.filter(|_| end.more) else { return Ok(false) };
        query.until = Some(Edge { position: last.clone(), is_inclusive: true });
        query.limit = None;
        self.end = Some(last);
        Ok(true)
    }

    /// Links to the pages before and after a page with these ends.
    pub(super) fn neighbours(
        &self,
        rendering: &Rendering,
        more: bool,
        ends: Option<&(Position, Position)>,
        returned: u64,
    ) -> Vec<Link> {
        let link = |without: &[&str], more: &[(&str, &str)], rel, title| {
            Link::new(rendering.url(without, more), rel, rendering.format().media_type(), title)
        };
        let by_cursor = |position: &Position, is_inclusive, is_before, passed| {
            let edge = Edge { position: position.clone(), is_inclusive };
            Cursor { edge, is_before, passed }.encode(self.scope)
        };
        let backwards = self.cursor.as_ref().filter(|cursor| cursor.is_before);
        let end = self.end.as_ref().or(ends.map(|(_, last)| last));
        let mut links = Vec::new();
        if more || self.end.is_some() || backwards.is_some() {
            let (to, text) = match (backwards, end) {
                // What follows begins where this page was told to end.
                (Some(Cursor { edge, passed, .. }), _) => {
                    (*passed, by_cursor(&edge.position, !edge.is_inclusive, false, *passed))
                }
                (None, last) => {
                    let to = self.first.saturating_add(if self.end.is_some() { self.limit } else { returned });
                    (to, last.and_then(|last| by_cursor(last, false, false, to)))
                }
            };
            links.push(match text {
                Some(text) => link(&["offset", "cursor"], &[("cursor", &text)], Rel::Next, "Next page"),
                None => link(&["offset", "cursor"], &[("offset", &to.to_string())], Rel::Next, "Next page"),
            });
        }
        if self.has_before {
            let text = match (ends, &self.cursor) {
                (Some((first, _)), _) => by_cursor(first, false, true, self.first),
                // Nothing is left after the place: it is the end of the page before.
                (None, Some(Cursor { edge, .. })) => by_cursor(&edge.position, !edge.is_inclusive, true, self.first),
                (None, None) => None,
            };
            links.push(match text {
                Some(text) => link(&["offset", "cursor"], &[("cursor", &text)], Rel::Prev, "Previous page"),
                None => self.by_offset(link),
            });
        }
        links
    }

    /// The page before may be shorter than the others; it never repeats what follows it.
    fn by_offset(&self, link: impl Fn(&[&str], &[(&str, &str)], Rel, &'static str) -> Link) -> Link {
        let before = self.first.saturating_sub(self.limit);
        if self.first < self.limit {
            let size = self.first.to_string();
            return link(
                &["offset", "cursor", "limit"],
                &[("offset", "0"), ("limit", &size)],
                Rel::Prev,
                "Previous page",
            );
        }
        link(&["offset", "cursor"], &[("offset", &before.to_string())], Rel::Prev, "Previous page")
    }
}
