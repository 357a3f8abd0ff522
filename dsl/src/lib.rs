//! The D language: text to DIF.
//!
//! ```text
//! D text ─ lex, parse → Ast ─ check → typed trees ─ cg → Program of DIF
//!                              ▲
//!                         KernelView: types, symbols, probes
//! ```
//!
//! [`compile`] is the whole of it. Nothing here does I/O or knows what will run the program.

pub mod ast;
pub mod builtin;
mod cg;
mod check;
pub mod diag;
pub mod dif;
pub mod format;
#[cfg(any(test, feature = "testing"))]
pub mod generate;
pub mod kernel;
mod lex;
pub mod library;
pub mod parse;
pub mod pragma;
pub mod program;
pub mod shape;
pub mod source;
pub mod types;

use diag::Diag;
use kernel::{KernelView, TypeNs};
use parse::{Input, InputKind, MacroArgs, ParseOptions, ProbeFlag};
use program::Program;
use source::Sources;

/// The longest string that there can be (`-x strsize`).
pub const MOST_STRSIZE: u32 = 1 << 20;

/// What compiling depends on beside the text and the kernel.
#[derive(Clone, Debug)]
pub struct CompileOpts {
    /// `$1`, `$target`, …
    pub macros: MacroArgs,
    /// Longest string, with its NUL (`-x strsize`).
    pub strsize: u32,
    /// Frames of `stack()`.
    pub stackframes: u16,
    /// Frames of `ustack()`.
    pub ustackframes: u16,
    /// Frames of `jstack()`.
    pub jstackframes: u16,
    /// Bytes of a packet that `pcap()` records at the most.
    pub pcapsize: u32,
    /// Bytes that `print()` records at the most; 0 = all.
    pub printsize: u32,
    /// A probe description may match nothing (`-Z`).
    pub zdefs: bool,
    /// `-x pspec`
    pub pspec: bool,
    /// `-x empty`
    pub empty: bool,
    /// `-x version`: names that came later are not there.
    pub version: Option<ast::Version>,
    /// `-x amin`: the least stability of what the program uses.
    pub amin: Option<ast::Attributes>,
}

impl Default for CompileOpts {
    fn default() -> CompileOpts {
        CompileOpts {
            macros: MacroArgs::default(),
            strsize: 256,
            stackframes: 20,
            ustackframes: 20,
            jstackframes: 50,
            pcapsize: 1514,
            printsize: 0,
            zdefs: false,
            pspec: false,
            empty: false,
            version: None,
            amin: None,
        }
    }
}

impl CompileOpts {
    /// Takes an option that the compiler has a use for; others it leaves alone. A bad value leaves the old one: whoever
    /// carries out the options of the program reports it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let num = || value.and_then(size_value);
        match name {
            "strsize" => {
                self.strsize = num()
                    .and_then(|n| u32::try_from(n).ok())
                    .filter(|n| (1..=MOST_STRSIZE).contains(n))
                    .unwrap_or(self.strsize)
            }
            "stackframes" => {
                self.stackframes = num()
                    .and_then(|n| u16::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .unwrap_or(self.stackframes)
            }
            "ustackframes" => {
                self.ustackframes = num()
                    .and_then(|n| u16::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .unwrap_or(self.ustackframes)
            }
            "jstackframes" => {
                self.jstackframes = num()
                    .and_then(|n| u16::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .unwrap_or(self.jstackframes)
            }
            "pcapsize" => {
                self.pcapsize = num()
                    .and_then(|n| u32::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .unwrap_or(self.pcapsize)
            }
            "printsize" => {
                self.printsize = num()
                    .and_then(|n| u32::try_from(n).ok())
                    .unwrap_or(self.printsize)
            }
            "zdefs" => self.zdefs = true,
            "version" => self.version = value.and_then(pragma::parse_version).or(self.version),
            "amin" => self.amin = value.and_then(pragma::parse_attributes).or(self.amin),
            _ => {}
        }
    }
}

/// `256`, `4k`, `1m`.
fn size_value(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, shift) = match text.char_indices().last()? {
        (i, 'k' | 'K') => (text.get(..i)?, 10),
        (i, 'm' | 'M') => (text.get(..i)?, 20),
        (i, 'g' | 'G') => (text.get(..i)?, 30),
        (i, 't' | 'T') => (text.get(..i)?, 40),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Compiles all texts into one program. The program is meant to be used only where there are no diagnostics.
pub fn compile(
    sources: &Sources,
    inputs: &[Input],
    opts: &CompileOpts,
    kernel: &dyn KernelView,
) -> (Program, Vec<Diag>) {
    let is_type = |name: &str| kernel.type_by_name(None, TypeNs::Plain, name).is_some();
    let popts = ParseOptions {
        macros: &opts.macros,
        is_type: &is_type,
        pspec: opts.pspec,
        empty: opts.empty,
    };
    let (ast, diags) = parse::parse(sources, inputs, &popts);
    if !diags.is_empty() {
        return (Program::default(), diags);
    }
    check::check(&ast, opts, kernel)
}

/// Compiles one text, as `-n` would, with nothing known of a kernel.
pub fn compile_str(text: &str) -> (Sources, Program, Vec<Diag>) {
    compile_with(text, &CompileOpts::default(), &kernel::EmptyKernel)
}

/// Compiles one text, as `-n` would.
pub fn compile_with(
    text: &str,
    opts: &CompileOpts,
    kernel: &dyn KernelView,
) -> (Sources, Program, Vec<Diag>) {
    let mut sources = Sources::new();
    let src = sources.add("test.d", text);
    let inputs = [Input {
        src,
        kind: InputKind::Probe(ProbeFlag::Name),
    }];
    let (program, diags) = compile(&sources, &inputs, opts, kernel);
    (sources, program, diags)
}
