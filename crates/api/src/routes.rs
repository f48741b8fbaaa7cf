//! The table of every public address and who may use it. There is no other way in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::access::gate;
use crate::error::ApiError;
use crate::rest::{agents, balance, calls, desk_session, openapi_json, recordings};
use crate::{Api, desk_pages, socket, webhook};

/// Largest JSON body of our own API, in bytes. The largest document has two short fields.
pub(crate) const JSON_BYTES_MAX: usize = 64 * 1024;

/// Longest time an answer may take to begin. Meta gives up on a webhook after about as long, and
/// nothing here waits for people.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Who may use an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody: it carries no data and changes nothing, or checks its own secret.
    Public,
    /// Meta, by its signature over the raw body.
    MetaSignature,
    /// Pages of known origins and programs; the token follows in the first frame.
    AgentSocket,
    /// Programs with an API key.
    ApiKey,
    /// The desk's own page, a few times a minute.
    SignIn,
    /// A signed-in agent, reading.
    DeskRead,
    /// A signed-in agent on the desk's own page, acting.
    DeskAct,
}

/// One address.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    handler: MethodRouter<Api>,
}

/// Every address. Public ones are few and each says why.
pub(crate) fn table() -> Vec<Route> {
    use Access::{AgentSocket, ApiKey, DeskAct, DeskRead, MetaSignature, Public, SignIn};
    vec![
        // The handshake checks the verify token itself; Meta does not sign it.
        on_get("/webhooks/whatsapp", Public, get(webhook::handshake)),
        on_post("/webhooks/whatsapp", MetaSignature, post(webhook::receive)),
        on_get("/agent/v1", AgentSocket, get(socket::upgrade)),
        on_get("/v1/calls", ApiKey, get(calls::list)),
        on_get("/v1/calls/{id}", ApiKey, get(calls::get)),
        on_post("/v1/calls/{id}/end", ApiKey, post(calls::end)),
        on_get("/v1/missed", ApiKey, get(calls::missed)),
        on_get("/v1/agents", ApiKey, get(agents::list)),
        Route {
            method: Method::PUT,
            path: "/v1/agents/{id}",
            access: ApiKey,
            handler: put(agents::put),
        },
        on_post("/v1/agents/{id}/token", ApiKey, post(agents::mint_token)),
        on_post("/v1/agents/{id}/sign-in-code", ApiKey, post(agents::make_sign_in_code)),
        on_get("/v1/balance", ApiKey, get(balance::get)),
        on_post("/v1/balance/top-ups", ApiKey, post(balance::top_up)),
        on_get("/v1/recordings/{id}", ApiKey, get(recordings::get)),
        on_get("/v1/recordings/{id}/audio", ApiKey, get(recordings::audio)),
        on_post("/v1/desk/sign-in", SignIn, post(desk_session::sign_in)),
        on_get("/v1/desk/me", DeskRead, get(desk_session::me)),
        on_post("/v1/desk/token", DeskAct, post(desk_session::desk_token)),
        on_post("/v1/desk/sign-out", DeskAct, post(desk_session::sign_out)),
        // The description of the API, the same in every installation.
        on_get("/openapi.json", Public, get(openapi_json)),
        // Files of the binary, the same in every installation.
        on_get("/", Public, get(desk_pages::root)),
        on_get("/desk", Public, get(desk_pages::root)),
        on_get("/desk/", Public, get(desk_pages::index)),
        on_get("/desk/{*path}", Public, get(desk_pages::page)),
        on_get("/sdk/ringdown-sdk.js", Public, get(desk_pages::sdk)),
    ]
}

fn on_get(path: &'static str, access: Access, handler: MethodRouter<Api>) -> Route {
    Route { method: Method::GET, path, access, handler }
}

fn on_post(path: &'static str, access: Access, handler: MethodRouter<Api>) -> Route {
    Route { method: Method::POST, path, access, handler }
}

/// Everything that Meta, agents, programs and browsers reach.
pub fn router(api: Api) -> Router {
    let mut router = Router::new();
    for route in table() {
        let guarded = guard(&api, route.access, route.handler);
        router = router.route(route.path, guarded);
    }
    let nosniff = SetResponseHeaderLayer::overriding(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_TIME_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(nosniff)
        .with_state(api)
}

/// Puts a handler behind the gate of its class.
fn guard(api: &Api, access: Access, handler: MethodRouter<Api>) -> MethodRouter<Api> {
    let state = || api.clone();
    match access {
        Access::Public => handler,
        Access::MetaSignature => {
            handler.route_layer(middleware::from_fn_with_state(state(), gate::meta_signature))
        }
        Access::AgentSocket => {
            handler.route_layer(middleware::from_fn_with_state(state(), gate::agent_socket))
        }
        Access::ApiKey => {
            handler.route_layer(middleware::from_fn_with_state(state(), gate::api_key))
        }
        // Layers added later run earlier: the page is checked before anything is counted or read.
        Access::SignIn => handler
            .route_layer(middleware::from_fn_with_state(state(), sign_in_attempts))
            .route_layer(middleware::from_fn(gate::desk_page)),
        Access::DeskRead => {
            handler.route_layer(middleware::from_fn_with_state(state(), gate::desk_session))
        }
        Access::DeskAct => handler
            .route_layer(middleware::from_fn_with_state(state(), gate::desk_session))
            .route_layer(middleware::from_fn(gate::desk_page)),
    }
}

/// Counts sign-in attempts by peer address. Without connection info all peers share one count.
async fn sign_in_attempts(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    if !api.attempts.admit(peer, Instant::now()) {
        return Err(ApiError::TooManyAttempts);
    }
    Ok(next.run(request).await)
}

async fn nowhere() -> ApiError {
    ApiError::NotFound { what: "address" }
}

async fn wrong_method() -> ApiError {
    ApiError::Method
}

/// A panic in one request ends that request only. The panic hook has logged it already.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::http::Response<Body> {
    let doing = "this request";
    ApiError::Internal { doing }.into_response()
}
