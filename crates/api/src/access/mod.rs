//! Who may do what: one gate per access class, applied by the route table.

pub(crate) mod attempts;
mod bucket;
pub(crate) mod gate;
mod origin;
pub(crate) mod secret;
pub(crate) mod token;

pub(crate) use bucket::Bucket;
