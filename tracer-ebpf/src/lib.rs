//! From DIF to the kernel: the lowering pass, the seam to the kernel-side engines, and the one for the kernel's own BPF.

pub mod backend;
pub mod caps;
pub mod image;
#[cfg(feature = "live")]
pub mod live;
pub mod plan;
pub mod provider;
pub mod service;
pub mod site;
