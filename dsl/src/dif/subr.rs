//! Subroutines by number (`dif-isa.md` §6). Signatures stand in `builtin.rs`.

macro_rules! subrs {
    ($($num:literal, $name:ident, $text:literal;)*) => {
        /// A subroutine of the `call` instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Subr { $(#[doc = $text] $name = $num,)* }
        impl Subr {
            /// Every one, by number.
            pub const ALL: &[Subr] = &[$(Subr::$name),*];
            /// By number.
            pub fn from_num(n: u16) -> Option<Subr> { match n { $($num => Some(Subr::$name),)* _ => None } }
            /// D name.
            pub fn name(self) -> &'static str { match self { $(Subr::$name => $text,)* } }
        }
    };
}
subrs! {
    0, Rand, "rand";
    1, MutexOwned, "mutex_owned";
    2, MutexOwner, "mutex_owner";
    3, MutexTypeAdaptive, "mutex_type_adaptive";
    4, MutexTypeSpin, "mutex_type_spin";
    5, RwReadHeld, "rw_read_held";
    6, RwWriteHeld, "rw_write_held";
    7, RwIswriter, "rw_iswriter";
    8, Copyin, "copyin";
    9, Copyinstr, "copyinstr";
    10, Speculation, "speculation";
    11, Progenyof, "progenyof";
    12, Strlen, "strlen";
    13, Copyout, "copyout";
    14, Copyoutstr, "copyoutstr";
    15, Alloca, "alloca";
    16, Bcopy, "bcopy";
    17, Copyinto, "copyinto";
    18, Msgdsize, "msgdsize";
    19, Msgsize, "msgsize";
    20, Getmajor, "getmajor";
    21, Getminor, "getminor";
    22, DdiPathname, "ddi_pathname";
    23, Strjoin, "strjoin";
    24, Lltostr, "lltostr";
    25, Basename, "basename";
    26, Dirname, "dirname";
    27, Cleanpath, "cleanpath";
    28, Strchr, "strchr";
    29, Strrchr, "strrchr";
    30, Strstr, "strstr";
    31, Strtok, "strtok";
    32, Substr, "substr";
    33, Index, "index";
    34, Rindex, "rindex";
    35, Htons, "htons";
    36, Htonl, "htonl";
    37, Htonll, "htonll";
    38, Ntohs, "ntohs";
    39, Ntohl, "ntohl";
    40, Ntohll, "ntohll";
    41, InetNtop, "inet_ntop";
    42, InetNtoa, "inet_ntoa";
    43, InetNtoa6, "inet_ntoa6";
    44, Toupper, "toupper";
    45, Tolower, "tolower";
    // Ours where illumos/FreeBSD and Oracle disagree about 44 and 45.
    48, DPath, "d_path";
    49, LinkNtop, "link_ntop";
    50, Memstr, "memstr";
    51, Getf, "getf";
    52, Json, "json";
    53, Strtoll, "strtoll";
}
