//! From DIF to the kernel: the lowering pass, the seam to the kernel-side engines, and the one for the kernel's own BPF.

pub mod asm;
pub mod backend;
pub mod caps;
pub mod image;
pub mod isa;
pub mod layout;
#[cfg(feature = "live")]
pub mod live;
pub mod lower;
pub mod plan;
pub mod print;
pub mod provider;
pub mod service;
pub mod site;
#[cfg(feature = "testing")]
pub mod testing;

pub use lower::{LowerError, LowerOpts, lower};
