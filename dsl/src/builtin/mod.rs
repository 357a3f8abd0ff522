//! THE table of everything that D has a name for: built-in variables, subroutines, actions, aggregating functions.
//!
//! Each closed set stands in a file of its own and is listed there once: name, meaning to DIF, signature, the D version
//! that brought it, and whether it is there. What is not there yet is in the tables too, with the reason, so that a
//! program that uses it gets an error that names it rather than "unknown".

mod action;
mod agg;
mod subr;
mod var;

pub use action::{ACTIONS, Action, ActionRow};
pub use agg::{AGG_FUNCS, AggKind, AggRow};
pub use subr::{SUBRS, SUBRS_ELSEWHERE, SubrRow};
pub use var::{VARS, VARS_ELSEWHERE, VarRow, VarType};

/// A type in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Ty {
    Void,
    Char,
    Int,
    UInt,
    Int64,
    Uint16,
    Uint32,
    Uint64,
    Size,
    Uintptr,
    Pid,
    Dev,
    /// `string`: only as a result.
    String,
    /// `const char *`: accepts strings, character pointers and arrays.
    CharPtr,
    /// `void *`.
    VoidPtr,
    /// `uint32_t *`: an IPv4 address.
    Ipv4Ptr,
    /// `struct in6_addr *`; any pointer will do.
    Ipv6Ptr,
    /// `struct path *`; any pointer will do.
    PathPtr,
    /// `struct file *`, where the kernel's types are known: only as a result.
    FilePtr,
    /// `struct task_struct *`, likewise.
    TaskPtr,
    /// `struct mutex *`, `rwlock_t *`; any pointer will do.
    LockPtr,
}

impl Ty {
    /// As messages write it.
    pub fn text(self) -> &'static str {
        match self {
            Ty::Void => "void",
            Ty::Char => "char",
            Ty::Int => "int",
            Ty::UInt => "unsigned int",
            Ty::Int64 => "int64_t",
            Ty::Uint16 => "uint16_t",
            Ty::Uint32 => "uint32_t",
            Ty::Uint64 => "uint64_t",
            Ty::Size => "size_t",
            Ty::Uintptr => "uintptr_t",
            Ty::Pid => "pid_t",
            Ty::Dev => "dev_t",
            Ty::String => "string",
            Ty::CharPtr => "const char *",
            Ty::VoidPtr => "void *",
            Ty::Ipv4Ptr => "ipaddr_t *",
            Ty::Ipv6Ptr => "struct in6_addr *",
            Ty::PathPtr => "struct path *",
            Ty::LockPtr => "void *",
            Ty::FilePtr => "struct file *",
            Ty::TaskPtr => "struct task_struct *",
        }
    }
}

/// Whether something of D is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Ready,
    /// It cannot be on Linux, for this reason.
    Refused(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dif::{BuiltinVar, Subr};

    #[test]
    fn every_number_has_one_row() {
        for v in BuiltinVar::ALL {
            assert_eq!(
                VARS.iter().filter(|r| r.var == *v).count(),
                1,
                "{}",
                v.name()
            );
        }
        for s in Subr::ALL {
            assert_eq!(
                SUBRS.iter().filter(|r| r.subr == *s).count(),
                1,
                "{}",
                s.name()
            );
        }
        for r in SUBRS {
            assert!(r.required <= r.args.len(), "{}", r.subr.name());
        }
    }

    #[test]
    fn names_are_not_shared() {
        let mut names: Vec<&str> = VARS.iter().map(|r| r.var.name()).collect();
        names.extend(SUBRS.iter().map(|r| r.subr.name()));
        names.extend(ACTIONS.iter().map(|r| r.name));
        names.extend(AGG_FUNCS.iter().map(|r| r.name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
