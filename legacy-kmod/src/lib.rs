//! The legacy kernel module, and its Rust side.
//!
//! To a kernel without eBPF the module brings a small BPF: maps, a verifier, an
//! interpreter, services with the numbers of the BPF helpers. This crate knows
//! how an image is handed to it:
//!
//! ```text
//! tracer_ebpf::image::Image ──wire──▶ flat blob ──┬─ ioctl ──▶ kmod/load.c … in the kernel
//!                                     (abi)       └─ HostVm ─▶ the same C in this process (tests)
//! ```
//!
//! *Invariant:* what `HostVm` runs is the C of the module itself, through the
//! same path from blob to first instruction; only the world around it
//! (`kmod/env.h`) is another.

pub mod abi;
mod backend;
pub mod closure;
pub mod deny;
pub mod device;
pub mod dir;
#[cfg(feature = "host-vm")]
pub mod host_vm;
pub mod ioctl;
pub mod kernel;
pub mod module;
pub mod modules;
mod plan;
mod ring;
pub mod wire;
pub mod x86;

pub use backend::{KmodBackend, SERVICES};
