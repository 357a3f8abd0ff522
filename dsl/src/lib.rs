//! The D language.
pub mod ast;
pub mod diag;
pub mod source;
