//! Bytes as D text.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // The first byte says what kind of input the text is: a script, a library, the argument of a flag.
    let Some((kind, text)) = input.split_first() else {
        return;
    };
    common::survive(&String::from_utf8_lossy(text), *kind);
});
