//! The D library: definitions that DTrace's scripts take for granted, as D text. It is compiled before a program that names
//! any of them, and costs nothing for others. What it needs of the kernel's types has to be there.

use crate::kernel::{KernelView, TypeNs};

/// Name of [`PROCFS`] in messages.
pub const PROCFS_NAME: &str = "procfs.d";
/// `curpsinfo`, `curlwpsinfo`, `curcpu` and their types.
pub const PROCFS: &str = include_str!("../dlib/procfs.d");
/// Names that it defines.
pub const NAMES: &[&str] = &[
    "curpsinfo",
    "curlwpsinfo",
    "curcpu",
    "psinfo_t",
    "lwpsinfo_t",
    "cpuinfo_t",
];

/// Whether a text may mean something of the library.
pub fn wanted(text: &str) -> bool {
    // Everything in NAMES contains one of these.
    ["psinfo", "curcpu", "cpuinfo_t"]
        .iter()
        .any(|w| text.contains(w))
}

/// Whether this kernel's types are known.
pub fn possible(kernel: &dyn KernelView) -> bool {
    kernel
        .type_by_name(None, TypeNs::Struct, "task_struct")
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_wanted_and_defined() {
        for name in NAMES {
            assert!(wanted(name), "{name}");
            assert!(PROCFS.contains(name), "{name}");
        }
        assert!(!wanted("BEGIN { trace(pid); }"));
    }
}
