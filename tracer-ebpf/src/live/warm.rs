//! aya's loader, made once for the process and ahead of need.
//!
//! `EbpfLoader::new()` parses all of vmlinux's type information: 20–25 ms that nothing else here needs. It is made on a
//! thread from the moment when a program is seen to enable something that must be attached, while the rest of the program
//! is compiled; one that only enables BEGIN never makes it.

use aya::EbpfLoader;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// See the head of this file.
#[derive(Default)]
pub struct WarmLoader {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Cold,
    Warming(JoinHandle<EbpfLoader<'static>>),
    Warm(Box<EbpfLoader<'static>>),
}

impl WarmLoader {
    /// Begins to make it, if that has not begun.
    pub fn start(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Cold = *state {
            let thread = std::thread::Builder::new().name("aya-loader".to_owned());
            if let Ok(handle) = thread.spawn(EbpfLoader::new) {
                *state = State::Warming(handle);
            }
        }
    }

    /// Uses it, when it is there.
    pub fn with<T>(&self, f: impl FnOnce(&mut EbpfLoader<'static>) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loader = match std::mem::take(&mut *state) {
            State::Cold => Box::default(),
            State::Warming(handle) => handle.join().map(Box::new).unwrap_or_default(),
            State::Warm(loader) => loader,
        };
        let result = f(&mut loader);
        *state = State::Warm(loader);
        result
    }
}
