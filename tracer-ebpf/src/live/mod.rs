//! The engine that is the running kernel's own BPF.

pub mod btf;
pub mod elf;
pub mod sys;
