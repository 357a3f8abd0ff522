//! The D language.
