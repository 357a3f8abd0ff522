//! DIF to eBPF.
