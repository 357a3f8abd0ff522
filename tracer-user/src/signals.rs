//! `^C`: once to stop and print what there is, twice to leave without printing, a third time to die at once.

use std::sync::atomic::{AtomicU32, Ordering};

static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// How often we were interrupted.
pub fn interrupts() -> u32 {
    INTERRUPTS.load(Ordering::Relaxed)
}

/// The user has lost patience: print no more.
pub fn impatient() -> bool {
    interrupts() > 1
}

/// Begins to count. The event loop gets the same signals through tokio; the count is for code that is busy printing.
pub fn count() -> std::io::Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let action = || {
            if INTERRUPTS.fetch_add(1, Ordering::Relaxed) >= 2 {
                // SAFETY: _exit may be called in a signal handler; the kernel undoes all that we attached.
                unsafe { libc::_exit(1) }
            }
        };
        // SAFETY: the action only counts, or leaves.
        unsafe { signal_hook_registry::register(signal, action)? };
    }
    Ok(())
}
