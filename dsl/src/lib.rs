//! The D language: text to DIF.

pub mod ast;
pub mod diag;
pub mod dif;
pub mod format;
pub mod kernel;
mod lex;
pub mod parse;
pub mod pragma;
pub mod program;
pub mod source;
