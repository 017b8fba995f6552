//! A body that stands for a parameter: what is too long for a URL, or what clients post. The request is answered as the GET
//! with that parameter, and its links lead to that, where a URL can hold it.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::{Error, Kind, Result};
use crate::message::body_parameters::as_it_is;
use crate::message::parameters::Origin;
use crate::server::context::Context;

/// Longest parameter that a link has: many a proxy takes no URL of more than 8 KiB.
const LONGEST: usize = 6 * 1024;

/// Which body stands for which parameter.
#[derive(Clone, Copy)]
pub(crate) struct BodyParam {
    /// Media types of the body.
    pub(crate) media_types: &'static [&'static str],
    /// The parameter that it stands for.
    pub(crate) parameter: &'static str,
    /// Parameters that say how to read it, where the client does not.
    pub(crate) others: &'static [(&'static str, &'static str)],
}

impl BodyParam {
    /// The request with the body among its parameters. Links lead to it by GET where they have the parameter.
    pub(crate) async fn read(&self, cx: &Context) -> Result<Context> {
        let essence = essence(&cx.head().headers);
        if !self.media_types.contains(&essence.as_str()) {
            let taken = self.media_types.join(" or ");
            let given = if essence.is_empty() { "of no type".to_owned() } else { format!("'{essence}'") };
            let error = Error::new(Kind::UnsupportedMediaType, format!("the body is {given}, expected {taken}"));
            let value = HeaderValue::try_from(self.media_types.join(", ")).map_err(Error::internal)?;
            return Err(error.with_header(HeaderName::from_static("accept-post"), value));
        }
        as_it_is(&cx.head().headers)?;
        let most = usize::try_from(cx.limits().form_bytes).unwrap_or(usize::MAX);
        let body = cx.take_body(most).await?;
        let text = std::str::from_utf8(&body)
            .map_err(|cause| Error::new(Kind::BadRequest, "the body is no UTF-8").because(cause))?;
        let mut head = (**cx.head()).clone();
        let name = self.parameter;
        if head.parameters.get(name).is_some() {
            let message = format!("parameter '{name}' is in the body already");
            return Err(Error::new(Kind::InvalidParameter, message).at(name));
        }
        // What caches have is of GET.
        for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
            head.headers.remove(name);
        }
        let has_room = percent_encoding::utf8_percent_encode(text, crate::message::request::COMPONENT)
            .map(str::len)
            .sum::<usize>()
            <= LONGEST;
        let given: Vec<&str> =
            self.others.iter().map(|(name, _)| *name).filter(|name| head.parameters.get(name).is_some()).collect();
        let mut add = |name: &str, value: String| {
            if has_room {
                head.parameters.push_query(name, value);
            } else {
                head.parameters.push(name, value, Origin::Body);
            }
        };
        for (name, value) in self.others {
            if !given.contains(name) {
                add(name, (*value).to_owned());
            }
        }
        add(name, text.to_owned());
        Ok(cx.with_head(head))
    }

    /// Whether the parameters have it from a body that no link can hold.
    pub(crate) fn is_beyond_links(&self, cx: &Context) -> bool {
        cx.head().parameters.get(self.parameter).is_some_and(|parameter| parameter.origin == Origin::Body)
    }

    /// Whether the body tells this parameter.
    pub(crate) fn tells(&self, name: &str) -> bool {
        self.parameter == name || self.others.iter().any(|(other, _)| *other == name)
    }
}

/// The media type of a body without its parameters.
fn essence(headers: &HeaderMap) -> String {
    let told = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
