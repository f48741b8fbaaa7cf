//! The table of every public address and who may use it. There is no other way in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use model::Right;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::access::gate::{self, Guarded};
use crate::error::ApiError;
use crate::rest::{
    agents, balance, calls, contacts, deliveries, desk_session, events, follow_ups, groups, money,
    notes, openapi_json, recordings, stream,
};
use crate::{Api, desk_pages, socket, webhook};

/// Largest JSON body of our own API, in bytes. The largest is a note
/// of 4,000 characters, each escaped, or fifty words.
pub(crate) const JSON_BYTES_MAX: usize = 64 * 1024;

/// Longest time an answer may take to begin. Meta gives up on a webhook after about as long, and
/// nothing here waits for people.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Who may use an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Everybody: it carries no data and changes nothing, or checks its own secret.
    Public,
    /// Meta, by its signature over the raw body.
    MetaSignature,
    /// Pages of known origins and programs; the token follows in the first frame.
    AgentSocket,
    /// Programs with an API key that has this right.
    ApiKey(Right),
    /// The desk's own page, a few times a minute.
    SignIn,
    /// A signed-in agent, reading.
    DeskRead,
    /// A signed-in agent on the desk's own page, acting.
    DeskAct,
}

/// One address.
struct Route {
    path: &'static str,
    access: Access,
    handler: MethodRouter<Api>,
    #[cfg(test)]
    method: Method,
}

impl Route {
    fn new<H, T>(method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let filter =
            MethodFilter::try_from(method.clone()).expect("the table names standard methods only");
        Self {
            path,
            access,
            handler: on(filter, handler),
            #[cfg(test)]
            method,
        }
    }
}

/// Every address. Public ones are few and each says why.
fn table() -> Vec<Route> {
    use Access::{AgentSocket, ApiKey, DeskAct, DeskRead, MetaSignature, Public, SignIn};
    use Right::{Admin, Supervise};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    vec![
        // The handshake checks the verify token itself; Meta does not sign it.
        Route::new(GET, "/webhooks/whatsapp", Public, webhook::handshake),
        Route::new(POST, "/webhooks/whatsapp", MetaSignature, webhook::receive),
        Route::new(GET, "/agent/v1", AgentSocket, socket::upgrade),
        Route::new(GET, "/v1/calls", ApiKey(Supervise), calls::list),
        Route::new(GET, "/v1/calls/{id}", ApiKey(Supervise), calls::get),
        Route::new(POST, "/v1/calls/{id}/end", ApiKey(Supervise), calls::end),
        Route::new(GET, "/v1/missed", ApiKey(Supervise), calls::missed),
        Route::new(POST, "/v1/calls/{id}/notes", ApiKey(Supervise), notes::annotate),
        Route::new(GET, "/v1/outcomes", ApiKey(Supervise), notes::outcomes),
        Route::new(PUT, "/v1/outcomes", ApiKey(Admin), notes::put_outcomes),
        Route::new(GET, "/v1/contacts/{key}", ApiKey(Supervise), contacts::get),
        Route::new(DELETE, "/v1/contacts/{key}", ApiKey(Admin), contacts::erase),
        Route::new(GET, "/v1/contacts/{key}/timeline", ApiKey(Supervise), contacts::timeline),
        Route::new(GET, "/v1/follow-ups", ApiKey(Supervise), follow_ups::list),
        Route::new(POST, "/v1/follow-ups/{id}/done", ApiKey(Supervise), follow_ups::done),
        Route::new(POST, "/v1/follow-ups/{id}/reopen", ApiKey(Supervise), follow_ups::reopen),
        Route::new(GET, "/v1/agents", ApiKey(Supervise), agents::list),
        Route::new(PUT, "/v1/agents/{id}", ApiKey(Admin), agents::put),
        Route::new(DELETE, "/v1/agents/{id}", ApiKey(Admin), agents::remove),
        Route::new(POST, "/v1/agents/{id}/token", ApiKey(Admin), agents::mint_token),
        Route::new(POST, "/v1/agents/{id}/sign-in-code", ApiKey(Admin), agents::make_sign_in_code),
        Route::new(GET, "/v1/groups", ApiKey(Supervise), groups::list),
        Route::new(GET, "/v1/groups/{id}", ApiKey(Supervise), groups::get),
        Route::new(PUT, "/v1/groups/{id}", ApiKey(Admin), groups::put),
        Route::new(DELETE, "/v1/groups/{id}", ApiKey(Admin), groups::remove),
        Route::new(PUT, "/v1/lines/{id}/group", ApiKey(Admin), groups::choose_for_line),
        Route::new(GET, "/v1/balance", ApiKey(Supervise), balance::get),
        Route::new(POST, "/v1/balance/top-ups", ApiKey(Admin), balance::top_up),
        Route::new(GET, "/v1/balance/entries", ApiKey(Supervise), money::entries),
        Route::new(POST, "/v1/balance/adjustments", ApiKey(Admin), money::adjust),
        Route::new(GET, "/v1/rates/quote", ApiKey(Supervise), money::quote),
        Route::new(GET, "/v1/reconciliation", ApiKey(Supervise), money::differences),
        Route::new(POST, "/v1/reconciliation/{id}/resolve", ApiKey(Admin), money::resolve),
        Route::new(GET, "/v1/statements/{month}", ApiKey(Supervise), money::statement_of),
        Route::new(GET, "/v1/recordings/{id}", ApiKey(Supervise), recordings::get),
        Route::new(GET, "/v1/recordings/{id}/audio", ApiKey(Supervise), recordings::audio),
        Route::new(GET, "/v1/events", ApiKey(Supervise), events::list),
        Route::new(GET, "/v1/events/stream", ApiKey(Supervise), stream::open),
        Route::new(POST, "/v1/endpoints", ApiKey(Admin), deliveries::add),
        Route::new(GET, "/v1/endpoints", ApiKey(Admin), deliveries::list),
        Route::new(DELETE, "/v1/endpoints/{id}", ApiKey(Admin), deliveries::remove),
        Route::new(
            POST,
            "/v1/endpoints/{id}/rotate-secret",
            ApiKey(Admin),
            deliveries::rotate_secret,
        ),
        Route::new(POST, "/v1/endpoints/{id}/ping", ApiKey(Admin), deliveries::ping),
        Route::new(GET, "/v1/endpoints/{id}/deliveries", ApiKey(Admin), deliveries::deliveries),
        Route::new(
            POST,
            "/v1/endpoints/{id}/deliveries/{seq}/retry",
            ApiKey(Admin),
            deliveries::retry,
        ),
        Route::new(POST, "/v1/desk/sign-in", SignIn, desk_session::sign_in),
        Route::new(GET, "/v1/desk/me", DeskRead, desk_session::me),
        Route::new(POST, "/v1/desk/token", DeskAct, desk_session::desk_token),
        Route::new(POST, "/v1/desk/sign-out", DeskAct, desk_session::sign_out),
        // The description of the API, the same in every installation.
        Route::new(GET, "/openapi.json", Public, openapi_json),
        // Files of the binary, the same in every installation.
        Route::new(GET, "/", Public, desk_pages::root),
        Route::new(GET, "/desk", Public, desk_pages::root),
        Route::new(GET, "/desk/", Public, desk_pages::index),
        Route::new(GET, "/desk/{*path}", Public, desk_pages::page),
        Route::new(GET, "/sdk/ringdown-sdk.js", Public, desk_pages::sdk),
    ]
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
        Access::ApiKey(needs) => {
            let guarded = Guarded { api: state(), needs };
            handler.route_layer(middleware::from_fn_with_state(guarded, gate::api_key))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// What the OpenAPI document says of an address' access (a scheme, or a scheme and the right
    /// it must come with), `None` when it is not in it.
    fn documented(document: &Value, route: &Route) -> Option<BTreeSet<String>> {
        let method = route.method.as_str().to_lowercase();
        let operation = document["paths"].get(route.path)?.get(method)?;
        let schemes = operation["security"].as_array().into_iter().flatten();
        let named = |(scheme, rights): (&String, &Value)| {
            let rights = rights.as_array().into_iter().flatten().filter_map(Value::as_str);
            std::iter::once(scheme.as_str()).chain(rights).collect::<Vec<_>>().join(" ")
        };
        Some(schemes.filter_map(Value::as_object).flatten().map(named).collect())
    }

    #[test]
    fn the_document_and_the_table_agree_on_who_may_do_what() {
        let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let mut operations: usize = 0;
        for route in table() {
            let expected: &[&str] = match route.access {
                Access::Public | Access::AgentSocket => &[],
                Access::MetaSignature => &["meta_signature"],
                Access::ApiKey(Right::Answer) => &["api_key answer"],
                Access::ApiKey(Right::Dial) => &["api_key dial"],
                Access::ApiKey(Right::Record) => &["api_key record"],
                Access::ApiKey(Right::Supervise) => &["api_key supervise"],
                Access::ApiKey(Right::Admin) => &["api_key admin"],
                Access::SignIn => &["desk_page"],
                Access::DeskRead => &["desk_session"],
                Access::DeskAct => &["desk_page", "desk_session"],
            };
            let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
            if let Some(schemes) = documented(&document, &route) {
                operations += 1;
                assert_eq!(schemes, expected, "{} {}", route.method, route.path);
            } else {
                assert!(expected.is_empty(), "{} is not documented", route.path);
            }
        }
        let paths = document["paths"].as_object().unwrap();
        let documented: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, documented, "the document names an address that is not there");
    }

    #[test]
    fn what_everybody_may_reach_is_this_and_nothing_else() {
        let public = table().into_iter().filter(|route| route.access == Access::Public);
        let public: Vec<String> =
            public.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(
            public,
            [
                "GET /webhooks/whatsapp",
                "GET /openapi.json",
                "GET /",
                "GET /desk",
                "GET /desk/",
                "GET /desk/{*path}",
                "GET /sdk/ringdown-sdk.js",
            ]
        );
    }
}
