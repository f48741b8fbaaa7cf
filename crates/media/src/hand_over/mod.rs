//! Handing live legs to another process: the value that crosses, and what time means across.
//!
//! ```text
//! MediaPlane::hand_over --HandOver--> start_from
//! ```

mod resumed;
mod value;

pub(crate) use resumed::Resumed;
pub use value::HandOver;
pub(crate) use value::ShardPart;
