//! DIF, the D Intermediate Format: the opcode table, the tables of built-in variables and subroutines that code refers to
//! by number, the faults that running it can raise, and the reference interpreter that defines what it means.

pub mod asm;
pub mod disasm;
pub mod fault;
#[cfg(any(test, feature = "testing"))]
pub mod generate;
pub mod interp;
pub mod op;
pub mod strfn;
pub mod subr;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod var;
pub mod verify;

pub use fault::Fault;
pub use op::{Insn, Op, Shape};
pub use subr::Subr;
pub use var::BuiltinVar;
pub use verify::verify;

#[cfg(test)]
mod strfn_tests;
#[cfg(test)]
mod tests;
