//! Events reach their endpoints over real sockets, whatever the receivers do.

mod isolation;
mod order;
mod receiver;
mod refusals;
mod restart;
mod signed;
mod slow;
mod world;
