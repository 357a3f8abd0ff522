//! The flags, once: parsing, usage, and help come from this table.

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A value, shown by this name.
    Value(&'static str),
}
use Takes::{Nothing, Value};

/// What becomes of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Served.
    Served,
    /// An error, with the reason.
    Refused(&'static str),
}
use Support::{Refused, Served};

macro_rules! flags {
    ($($id:ident $short:literal $takes:expr, $support:expr, $help:literal;)*) => {
        /// A flag of the command line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Flag { $($id,)* }
        /// All of them.
        pub const FLAGS: &[Def] = &[$(Def {
            flag: Flag::$id, name: $short, takes: $takes, support: $support, help: $help,
        },)*];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Def {
    /// Which.
    pub flag: Flag,
    /// One letter, or a longer name with two dashes (`32` and `64` are written with one).
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What becomes of it.
    pub support: Support,
    /// For the help.
    pub help: &'static str,
}

const NO_USDT: &str = "building programs with static probes is not implemented yet";
const NO_ANON: &str = "there is no anonymous tracing here";

flags! {
    Bits32     "32"  Nothing,            Refused("programs are compiled for the kernel's data model, 64-bit"), "generate 32-bit D programs";
    Bits64     "64"  Nothing,            Served,  "generate 64-bit D programs";
    Claim      "a"   Nothing,            Refused(NO_ANON), "claim anonymous tracing state";
    Anonymous  "A"   Nothing,            Refused(NO_ANON), "generate directives for anonymous tracing";
    BufSize    "b"   Value("SIZE"),      Served,  "set the size of the record ring (suffixes k, m, g, t)";
    Command    "c"   Value("COMMAND"),   Served,  "run a command and end when it ends; $target is its process id";
    Cpp        "C"   Nothing,            Served,  "run the C preprocessor on D programs";
    Define     "D"   Value("NAME[=V]"),  Served,  "define a name for the preprocessor";
    CompileOnly "e"  Nothing,            Served,  "compile only, trace nothing";
    Function   "f"   Value("FUNCTION"),  Served,  "enable probes of functions, with a D program behind the name";
    Flow       "F"   Nothing,            Served,  "indent by entries and returns of functions";
    Generate   "G"   Nothing,            Refused(NO_USDT), "generate an object file with static probes";
    Header     "h"   Nothing,            Refused(NO_USDT), "generate a header file for static probes (for help: --help)";
    Headers    "H"   Nothing,            Served,  "print the names of included files";
    Id         "i"   Value("ID"),        Served,  "enable a probe by its number";
    Include    "I"   Value("DIR"),       Served,  "look for included files in a directory";
    List       "l"   Nothing,            Served,  "list probes instead of enabling them";
    Library    "L"   Value("DIR"),       Served,  "read D libraries from a directory";
    Module     "m"   Value("MODULE"),    Served,  "enable probes of modules";
    Name       "n"   Value("NAME"),      Served,  "enable probes by name: [[PROVIDER:]MODULE:]FUNCTION:]NAME [[/PREDICATE/] {ACTION}]";
    Output     "o"   Value("FILE"),      Served,  "append the output to a file";
    Pid        "p"   Value("PID"),       Served,  "watch a process and end when it ends; $target is its id";
    Provider   "P"   Value("PROVIDER"),  Served,  "enable probes of providers";
    Quiet      "q"   Nothing,            Served,  "print only what the program prints";
    Script     "s"   Value("FILE"),      Served,  "run a D script; further arguments are $1, $2, …";
    Dif        "S"   Nothing,            Served,  "print the compiler's code";
    Undef      "U"   Value("NAME"),      Served,  "undefine a name for the preprocessor";
    Verbose    "v"   Nothing,            Served,  "print more: stability and arguments with -l, attach time otherwise";
    Version    "V"   Nothing,            Served,  "print the version";
    Destructive "w"  Nothing,            Served,  "permit destructive actions";
    Option     "x"   Value("NAME[=V]"),  Served,  "set an option";
    Dialect    "X"   Value("a|c|s|t"),   Served,  "C dialect of the preprocessor";
    ZeroMatch  "Z"   Nothing,            Served,  "permit descriptions that match nothing";
    Boot       "B"   Value("FILE"),      Refused("there are no boot archives here"), "add to a boot archive";
    Backends   "backends" Nothing,       Served,  "print which kernel sides there are: what each offers, or why it can't be used";
    Kmod       "kmod" Value("ACTION"),   Served,  "the kernel module, for kernels without eBPF: build [TREE], load [FILE], unload, status";
    Help       "help" Nothing,           Served,  "print this";
}

/// Flags of which only one may be given: each is a mode of its own.
pub const MODES: &[Flag] = &[
    Flag::Anonymous,
    Flag::Generate,
    Flag::Header,
    Flag::List,
    Flag::Version,
];

/// The table's row.
pub fn def(flag: Flag) -> &'static Def {
    // The table is made from the same list as the enum.
    &FLAGS[flag as usize]
}
