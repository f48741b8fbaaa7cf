//! One signed request, and the question before a call rings, over real sockets.

mod hook;
mod private;
