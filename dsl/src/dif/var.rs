//! Built-in variables by number (`dif-isa.md` §5). Their D types, how Linux supplies each and what is refused stand in
//! `builtin.rs`; this table is what DIF code can name.

macro_rules! vars {
    ($($num:literal, $name:ident, $text:literal;)*) => {
        /// A built-in variable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum BuiltinVar { $(#[doc = $text] $name = $num,)* }
        impl BuiltinVar {
            /// Every one, by number.
            pub const ALL: &[BuiltinVar] = &[$(BuiltinVar::$name),*];
            /// By number.
            pub fn from_num(n: u16) -> Option<BuiltinVar> { match n { $($num => Some(BuiltinVar::$name),)* _ => None } }
            /// D name.
            pub fn name(self) -> &'static str { match self { $(BuiltinVar::$name => $text,)* } }
        }
    };
}
vars! {
    0x000, Args, "args";
    0x001, Regs, "regs";
    0x002, Uregs, "uregs";
    0x100, Curthread, "curthread";
    0x101, Timestamp, "timestamp";
    0x102, Vtimestamp, "vtimestamp";
    0x103, Ipl, "ipl";
    0x104, Epid, "epid";
    0x105, Id, "id";
    0x106, Arg0, "arg0";
    0x107, Arg1, "arg1";
    0x108, Arg2, "arg2";
    0x109, Arg3, "arg3";
    0x10a, Arg4, "arg4";
    0x10b, Arg5, "arg5";
    0x10c, Arg6, "arg6";
    0x10d, Arg7, "arg7";
    0x10e, Arg8, "arg8";
    0x10f, Arg9, "arg9";
    0x110, Stackdepth, "stackdepth";
    0x111, Caller, "caller";
    0x112, Probeprov, "probeprov";
    0x113, Probemod, "probemod";
    0x114, Probefunc, "probefunc";
    0x115, Probename, "probename";
    0x116, Pid, "pid";
    0x117, Tid, "tid";
    0x118, Execname, "execname";
    0x119, Zonename, "zonename";
    0x11a, Walltimestamp, "walltimestamp";
    0x11b, Ustackdepth, "ustackdepth";
    0x11c, Ucaller, "ucaller";
    0x11d, Ppid, "ppid";
    0x11e, Uid, "uid";
    0x11f, Gid, "gid";
    0x120, Errno, "errno";
    // Ours: illumos has these as library inlines, FreeBSD as built-ins 0x200 and up.
    0x200, Cpu, "cpu";
    0x201, Execargs, "execargs";
}
