//! The engine that is the running kernel's own BPF.
//!
//! `kernel` answers questions about the kernel (types, symbols, probes), `features` finds out what its BPF can do, `load`
//! brings an image in, `session` is its life. Everything belongs to descriptors of this process, nothing is pinned: when
//! the process ends, however it does, nothing stays behind.
//!
//! aya has no bindings for 32-bit x86: a 32-bit `dtrace` has no such engine, and what needs aya is left out of it.

pub mod agg;
#[cfg(not(target_arch = "x86"))]
mod backend;
pub mod btf;
#[cfg(not(target_arch = "x86"))]
mod elf;
#[cfg(not(target_arch = "x86"))]
pub mod features;
pub mod funcs;
pub mod kallsyms;
#[cfg(not(target_arch = "x86"))]
mod kernel;
#[cfg(not(target_arch = "x86"))]
mod load;
#[cfg(not(target_arch = "x86"))]
mod maps;
#[cfg(not(target_arch = "x86"))]
mod session;
pub mod sys;
#[cfg(not(target_arch = "x86"))]
pub mod tracefs;
#[cfg(not(target_arch = "x86"))]
mod verifier;
#[cfg(not(target_arch = "x86"))]
mod warm;

#[cfg(not(target_arch = "x86"))]
pub use backend::EbpfBackend;
#[cfg(not(target_arch = "x86"))]
pub use kernel::Kernel;

use crate::backend::{Backend, BackendError};

/// Tries whether there is such an engine. An error says why not, and what to do.
#[cfg(not(target_arch = "x86"))]
pub fn open() -> Result<Box<dyn Backend>, BackendError> {
    Ok(Box::new(EbpfBackend::new()?))
}

/// There is none in a 32-bit program.
#[cfg(target_arch = "x86")]
pub fn open() -> Result<Box<dyn Backend>, BackendError> {
    Err(BackendError::Unsupported(
        "a 32-bit dtrace has no eBPF engine (what loads programs knows no 32-bit x86): it is for 32-bit kernels, with the kernel module".to_owned(),
    ))
}
