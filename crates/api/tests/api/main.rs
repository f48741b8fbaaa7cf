//! The faces of the daemon as Meta, programs, browsers and agents meet them: a real server, a real
//! store, a real media plane, real sockets.

mod access;
mod admin;
mod agent_bad_frames;
mod agent_hello;
mod agent_offers;
mod agent_orders;
mod agent_resume;
mod agent_turn;
mod contacts;
mod desk;
mod device;
mod endpoints;
mod events;
mod groups;
mod house;
mod isolation;
mod logs;
mod openapi;
mod recordings;
mod rest;
mod rights;
mod signed_out;
mod webhooks;
