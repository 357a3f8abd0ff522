//! The legacy kernel module, and its Rust side.
