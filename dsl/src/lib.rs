//! The D language: text to DIF.

pub mod dif;
pub mod format;
pub mod kernel;
pub mod program;
pub mod source;
