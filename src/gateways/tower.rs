//! The server as a `tower::Service`: any axum or hyper program mounts it, under whatever prefix, with all links right.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::header::HOST;
use ::http::{HeaderValue, Request as HttpRequest, Response as HttpResponse};
use axum::extract::{ConnectInfo, OriginalUri};
use bytes::Bytes;
use futures_util::stream;
use tower_service::Service;

use crate::error::{Error, Kind};
use crate::message::body::Body;
use crate::message::parameters::{Origin, Parameters};
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::server::Server;

impl<B> Service<HttpRequest<B>> for Server
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move { Ok(to_http(server.handle(from_http(request)).await)) })
    }
}

/// A response of ours as one of the `http` crate.
pub(super) fn to_http(answer: Response) -> HttpResponse<Body> {
    let mut response = HttpResponse::new(answer.body);
    *response.status_mut() = answer.head.status;
    *response.headers_mut() = answer.head.headers;
    response
}

/// A request of the `http` crate as ours. Where axum stripped a prefix, the prefix is remembered for links.
fn from_http<B>(request: HttpRequest<B>) -> Request
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let original = parts.extensions.get::<OriginalUri>().map_or(path, |OriginalUri(uri)| uri.path());
    let prefix = original.strip_suffix(path).or_else(|| original.strip_suffix('/')).unwrap_or(original);
    let prefix = if original == path { "" } else { prefix.trim_end_matches('/') };
    let mut headers = parts.headers;
    let target = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(authority) = target {
        // Of a target in absolute form, and of HTTP/2: it counts, whatever Host says (RFC 9112, 3.2.2).
        headers.insert(HOST, authority);
    }
    let authority = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let mut ours = Request::new(parts.method, "/");
    *ours.head_mut() = Head {
        method: ours.head().method.clone(),
        scheme: parts.uri.scheme_str().unwrap_or("http").to_owned(),
        authority,
        prefix: prefix.to_owned(),
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        parameters: Parameters::parse(parts.uri.query().unwrap_or_default(), Origin::Query),
        headers,
        peer,
        principal: None,
        id: ours.head().id,
        trace: ours.head().trace.clone(),
    };
    if !body.is_end_stream() {
        ours.body = stream_of(body);
    }
    ours
}

/// What reading a body failed with, where it is not told as an error of ours.
fn broke_off(cause: Box<dyn StdError + Send + Sync>) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => *error,
        Err(cause) => Error::new(Kind::BadRequest, "the body broke off").because(cause),
    }
}

/// Any body as a stream of chunks.
fn stream_of<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let chunks = stream::unfold(Box::pin(body), |mut body| async move {
        loop {
            let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await?;
            match frame.map(::http_body::Frame::into_data) {
                Ok(Ok(bytes)) => return Some((Ok(bytes), body)),
                // Trailers are of no interest.
                Ok(Err(_)) => {}
                Err(cause) => return Some((Err(broke_off(cause.into())), body)),
            }
        }
    });
    Body::Stream(Box::pin(chunks))
}
