//! The D language: text to DIF.

pub mod ast;
pub mod diag;
pub mod dif;
pub mod format;
pub mod kernel;
pub mod program;
pub mod source;
