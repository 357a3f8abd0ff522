//! DIF, the D Intermediate Format: the opcode table, the tables of built-in variables and subroutines that code refers to
//! by number, and the faults that running it can raise.

pub mod fault;
pub mod op;
pub mod subr;
pub mod var;

pub use fault::Fault;
pub use op::{Insn, Op, Shape};
pub use subr::Subr;
pub use var::BuiltinVar;
