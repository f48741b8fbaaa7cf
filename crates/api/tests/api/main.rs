//! The faces of the daemon as Meta, programs, browsers and agents meet them: a real server, a real
//! store, a real media plane, real sockets.

mod access;
mod admin;
mod agent_bad_frames;
mod agent_hello;
mod agent_orders;
mod agent_resume;
mod agent_turn;
mod desk;
mod endpoints;
mod events;
mod house;
mod logs;
mod openapi;
mod recordings;
mod rest;
mod webhooks;
