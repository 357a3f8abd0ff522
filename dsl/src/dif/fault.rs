//! Run-time faults: codes and texts (`dif-isa.md` §4).

macro_rules! faults {
    ($($num:literal, $name:ident, $text:literal;)*) => {
        /// Why a DIFO was abandoned.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Fault { $(#[doc = $text] $name = $num,)* }
        impl Fault {
            /// By code.
            pub fn from_num(n: u32) -> Option<Fault> { match n { $($num => Some(Fault::$name),)* _ => None } }
            /// As the message has it.
            pub fn text(self) -> &'static str { match self { $(Fault::$name => $text,)* } }
            /// Whether the message names the address.
            pub fn has_addr(self) -> bool { matches!(self, Fault::BadAddr | Fault::BadAlign | Fault::BadStack) }
        }
    };
}
faults! {
    0, Unknown, "unknown fault";
    1, BadAddr, "invalid address";
    2, BadAlign, "invalid alignment";
    3, IllOp, "illegal operation";
    4, DivZero, "divide-by-zero";
    5, NoScratch, "out of scratch space";
    6, KPriv, "invalid kernel access";
    7, UPriv, "invalid user access";
    8, TupOflow, "tuple stack overflow";
    9, BadStack, "bad stack";
    1000, Library, "library-level fault";
}
