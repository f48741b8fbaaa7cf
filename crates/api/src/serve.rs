//! Serving the two listeners until told to stop.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Api, admin_router, router};

/// Serves everything that Meta, agents, programs and browsers reach, until `stop`.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, api: Api, stop: CancellationToken) -> io::Result<()> {
    let service = router(api).into_make_service_with_connect_info::<SocketAddr>();
    // Sockets of agents outlive a graceful wait, so the listener's task is simply dropped.
    tokio::select! {
        served = async { axum::serve(listener, service).await } => served,
        () = stop.cancelled() => Ok(()),
    }
}

/// Serves health and metrics on the private listener, until `stop`.
///
/// # Errors
/// When the listener breaks.
pub async fn serve_admin(
    listener: TcpListener,
    api: Api,
    stop: CancellationToken,
) -> io::Result<()> {
    tokio::select! {
        served = async { axum::serve(listener, admin_router(api)).await } => served,
        () = stop.cancelled() => Ok(()),
    }
}
