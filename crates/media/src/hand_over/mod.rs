//! Handing live legs to another process: the value that crosses, and what time means across.

mod resumed;

pub(crate) use resumed::Resumed;
