//! Handlers: an async function of a context and a struct of parameters, or a struct that implements the trait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::error::Result;
use crate::message::response::Response;
use crate::server::context::Context;

use super::reply::{Rendering, Reply};
use super::values;

/// Answers the requests of a route. Every `async fn(Context, P) -> Result<impl Reply>` is one; a handler with state is a
/// struct that implements it. It is shared between threads and never cloned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler of parameters `{P}`",
    note = "a handler is an `async fn(Context, P) -> graticule::Result<R>` where `P: Deserialize + IntoParams` and `R: Reply`"
)]
pub trait Handler<P>: Send + Sync + 'static {
    /// What it answers.
    type Output: Reply;

    /// Answers one request.
    fn handle(&self, cx: Context, params: P) -> impl Future<Output = Result<Self::Output>> + Send;
}

impl<P, F, R, O> Handler<P> for F
where
    F: Fn(Context, P) -> R + Send + Sync + 'static,
    R: Future<Output = Result<O>> + Send,
    O: Reply,
{
    type Output = O;

    fn handle(&self, cx: Context, params: P) -> impl Future<Output = Result<O>> + Send {
        self(cx, params)
    }
}

/// Parameters of a handler: a struct with `#[derive(Deserialize, IntoParams)]`.
pub trait Params: DeserializeOwned + IntoParams + Send + 'static {}

impl<P: DeserializeOwned + IntoParams + Send + 'static> Params for P {}

/// The parameters of a handler that has none.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
pub struct NoParams {}

/// A handler as a route keeps it: typed parameters in, a response out.
pub(crate) type Run =
    Arc<dyn Fn(Context, Rendering) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>> + Send + Sync>;

pub(crate) fn erase<P: Params, H: Handler<P>>(handler: H) -> Run {
    let handler = Arc::new(handler);
    Arc::new(move |cx, rendering| {
        let handler = handler.clone();
        Box::pin(async move {
            let own = |name: &str| rendering.route.params.iter().any(|param| param.name == name);
            let params = values::read::<P>(&rendering.values, own)?;
            handler.handle(cx, params).await?.render(rendering).await
        })
    })
}
