//! THE option table: every option that `-x`, `-b` and its like, `#pragma D option`, and `DTRACE_OPT_NAME` in the
//! environment can set (`d-language.md` §5), with what becomes of it here.
//!
//! An option that this program does not serve is in the table too: setting it is an error that says why, never silence.
//! Settings are applied in the order environment, command line, program text; the last one counts.

use std::fmt;

/// What values an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off; without a value, on.
    Flag,
    /// A number.
    Int,
    /// Bytes, with a suffix `k m g t`.
    Size,
    /// A rate or an interval, kept in nanoseconds.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Served.
    Done,
    /// Accepted; what it is for needs no doing here.
    Moot(&'static str),
    /// Can't mean anything here.
    Refused(&'static str),
}
use Kind::{Choice, Flag, Int, Rate, Size, Text};
use Status::{Done, Moot, Refused};

const NS: u64 = 1;
const MS: u64 = 1_000_000 * NS;
const SECOND: u64 = 1_000 * MS;

macro_rules! options {
    ($($name:ident $kind:expr, $default:expr, $dynamic:literal, $status:expr, $help:literal;)*) => {
        /// An option. The names are those that users write.
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Opt { $($name,)* }
        /// All of them.
        pub const OPTIONS: &[Row] = &[$(Row {
            opt: Opt::$name, name: stringify!($name), kind: $kind, default: $default, dynamic: $dynamic, status: $status,
            help: $help,
        },)*];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub opt: Opt,
    /// As users write it.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value where nobody set it (flags: 0 or 1, rates: nanoseconds).
    pub default: u64,
    /// `setopt()` may change it while tracing.
    pub dynamic: bool,
    /// What becomes of it.
    pub status: Status,
    /// For the manual.
    #[expect(dead_code, reason = "the manual is not made yet")]
    pub help: &'static str,
}

/// Scratch is there for each CPU and each level of nesting.
const MOST_SCRATCH: u64 = 1 << 20;

/// More speculations than anyone looks through at a probe.
const MOST_NSPEC: u64 = 4096;
const POLICIES: Kind = Choice(&["switch", "ring", "fill"]);
const NO_CTF: &str = "types come from the kernel's BTF, there is no CTF to read or write";
const NO_LINK: &str = "-G and -h are not implemented";

options! {
    // name        kind      default     dynamic  status   help
    // Run-time options, by DTrace's numbers.
    bufsize        Size,     4 << 20,    false,   Done,    "size of the record ring";
    bufpolicy      POLICIES, 0,          false,   Done,    "what happens when the buffer is full: drops, only the newest are kept, or tracing ends";
    dynvarsize     Size,     1 << 20,    false,   Done,    "space for associative arrays and thread-local variables";
    aggsize        Size,     4 << 20,    false,   Done,    "space for each aggregation";
    specsize       Size,     32 << 10,   false,   Done,    "size of a speculation buffer";
    nspec          Int,      1,          false,   Done,    "number of speculations";
    strsize        Size,     256,        false,   Done,    "longest string, with its NUL";
    cleanrate      Rate,     9_900_990,  false,   Moot("maps free their elements at once"), "rate of cleaning dynamic variables";
    cpu            Int,      0,          false,   Done,    "the CPU to trace on";
    bufresize      Choice(&["auto", "manual"]), 0, false, Done, "what to do when there is no room for a buffer: try with less, or give up";
    grabanon       Flag,     0,          false,   Refused("there is no anonymous tracing"), "claim the anonymous state";
    flowindent     Flag,     0,          true,    Done,    "indent entries and returns (-F)";
    quiet          Flag,     0,          true,    Done,    "print only what the program prints (-q)";
    stackframes    Int,      20,         false,   Done,    "frames of stack()";
    ustackframes   Int,      20,         false,   Done,    "frames of ustack()";
    aggrate        Rate,     SECOND,     true,    Done,    "how often aggregations are looked at";
    switchrate     Rate,     SECOND,     true,    Done,    "how often records are printed";
    statusrate     Rate,     SECOND,     false,   Done,    "how often drops are looked for";
    destructive    Flag,     0,          false,   Done,    "allow destructive actions (-w)";
    stackindent    Int,      14,         true,    Done,    "blanks before each frame of a stack";
    rawbytes       Flag,     0,          true,    Done,    "dump what trace() shows, also where it looks like text or is a number";
    jstackframes   Int,      50,         false,   Done,   "frames of jstack()";
    jstackstrsize  Size,     512,        false,   Moot("names are looked up when a stack is printed, however long they are"),   "string space of jstack()";
    aggsortkey     Flag,     0,          true,    Done,    "order aggregations by key";
    aggsortrev     Flag,     0,          true,    Done,    "order aggregations descending";
    aggsortpos     Int,      0,          true,    Done,    "which aggregation of several orders the rows";
    aggsortkeypos  Int,      0,          true,    Done,    "which member of the key counts first";
    temporal       Flag,     0,          false,   Moot("records come in the order of their time"), "order records by time";
    agghist        Flag,     0,          true,    Done,    "draw counts and sums with keys as one distribution";
    aggpack        Flag,     0,          true,    Done,    "show distributions on one line";
    aggzoom        Flag,     0,          true,    Done,    "scale distributions to their highest bar";
    zone           Text,     0,          false,   Refused("Linux has no zones"), "trace in one zone";
    // Compile-time options.
    aggpercpu      Flag,     0,          false,   Done,    "show aggregations CPU by CPU";
    amin           Text,     0,          false,   Done,    "least stability that a program may depend on";
    argref         Flag,     0,          false,   Done,    "arguments need not be referenced";
    core           Flag,     0,          false,   Refused("a failed compilation needs no core dump"), "dump core on errors";
    cpp            Flag,     0,          false,   Done,    "preprocess programs (-C)";
    cpphdrs        Flag,     0,          false,   Done,    "print included files (-H)";
    cpppath        Text,     0,          false,   Done,    "the preprocessor to run";
    ctypes         Text,     0,          false,   Refused(NO_CTF), "write C types";
    debug          Flag,     0,          false,   Moot("messages carry what is known"), "print debugging messages";
    define         Text,     0,          false,   Done,    "define a macro (-D)";
    defaultargs    Flag,     0,          false,   Done,    "arguments that were not given are 0 or \"\"";
    droptags       Flag,     0,          false,   Done,    "put a tag before messages about drops";
    dtypes         Text,     0,          false,   Refused(NO_CTF), "write D types";
    empty          Flag,     0,          false,   Done,    "a program may be empty";
    encoding       Choice(&["ascii", "utf8"]), 0, false, Done,  "characters of one-line histograms";
    errtags        Flag,     0,          false,   Done,    "put a tag before messages about errors";
    evaltime       Choice(&["exec", "main", "preinit", "postinit"]), 0, false, Done, "when a program run by -c begins to be traced: only exec, its first instruction";
    incdir         Text,     0,          false,   Done,    "where included files are (-I)";
    iregs          Int,      8,          false,   Refused("DIF has 8 registers"), "number of integer registers";
    kdefs          Flag,     0,          false,   Moot("a symbol that the kernel has not is always an error"),   "undefined symbols of the kernel are errors";
    knodefs        Flag,     0,          false,   Refused("the address of a symbol has to be known when the program is compiled"),   "undefined symbols of the kernel are allowed";
    late           Choice(&["static", "dynamic"]), 0, false, Refused("translators are bound when the program is compiled"), "when translators are bound";
    lazyload       Flag,     0,          false,   Refused(NO_LINK), "USDT probes are loaded when first enabled";
    ldpath         Text,     0,          false,   Refused(NO_LINK), "the linker to run";
    libdir         Text,     0,          false,   Done,    "where D libraries are (-L)";
    linkmode       Choice(&["kernel", "static", "dynamic"]), 0, false, Refused("symbols are looked up in the running kernel"), "how kernel symbols are bound";
    linktype       Choice(&["elf", "dof"]), 0, false, Refused(NO_LINK), "output of -G";
    nolibs         Flag,     0,          false,   Done,    "read no D libraries";
    pgmax          Int,      8,          false,   Moot("as many processes as needed"), "how many processes are kept at hand";
    pspec          Flag,     0,          false,   Done,    "a word that could be a type or a probe is a probe";
    setenv         Text,     0,          false,   Done,    "set NAME=VALUE for the program run by -c";
    stdc           Choice(&["a", "c", "s", "t"]), 0, false, Done,    "C dialect of the preprocessor (-X)";
    strip          Flag,     0,          false,   Refused(NO_LINK), "leave out D text from -G's output";
    syslibdir      Text,     0,          false,   Done,    "where the system's D libraries are";
    tree           Int,      0,          false,   Refused("the syntax tree is not printed: -S prints the code that is made of it"),   "print the syntax tree";
    tregs          Int,      8,          false,   Refused("DIF's tuple stack has 8 places"), "number of tuple registers";
    udefs          Flag,     0,          false,   Moot("programs name no symbols of processes"),   "undefined symbols of programs are errors";
    undef          Text,     0,          false,   Done,    "undefine a macro (-U)";
    unodefs        Flag,     0,          false,   Refused("programs name no symbols of processes"),   "undefined symbols of programs are allowed";
    unsetenv       Text,     0,          false,   Done,    "unset NAME for the program run by -c";
    verbose        Flag,     0,          false,   Done,    "print DIF (-S)";
    version        Text,     0,          false,   Done,    "the version of D that is written";
    zdefs          Flag,     0,          false,   Done,    "descriptions may match nothing (-Z)";
    // Options of the implementation for Linux.
    bpflog         Flag,     0,          false,   Moot("a refused program's log is saved anyway"), "print the verifier's log";
    bpflogsize     Size,     0,          false,   Moot("the log's buffer grows as needed"), "size of the verifier's log";
    linknommap     Flag,     0,          false,   Refused(NO_LINK), "how -G reads object files";
    lockmem        Text,     0,          false,   Moot("locked memory is not limited on kernels since 5.11, and raised before"), "limit of locked memory";
    maxframes      Int,      127,        false,   Done,    "most frames of any stack";
    noresolve      Flag,     0,          false,   Done,    "show user addresses as numbers";
    pcapsize       Size,     1514,       false,   Done,    "most bytes of a captured packet";
    printsize      Size,     0,        false,   Done,   "most bytes that print() records; 0: all";
    quietresize    Flag,     1,          false,   Moot("nothing is resized"), "say nothing of resized buffers";
    scratchsize    Size,     256,        false,   Done,    "scratch space that a clause has at least (16 KB in any case)";
    // Ours.
    backend        Choice(&["auto", "ebpf", "kmod"]), 0, false, Done, "the kernel side to use";
    btf            Text,     0,          false,   Done,    "a file with the kernel's types (BTF), for the module on kernels that have none";
    bpfdebug       Flag,     0,          false,   Done,    "log at run time, with file and line";
}

/// Options that decide where the text comes from: when the text can say so, it is too late.
pub const BEFORE_THE_TEXT: &[Opt] = &[
    Opt::cpp,
    Opt::cpphdrs,
    Opt::cpppath,
    Opt::define,
    Opt::incdir,
    Opt::libdir,
    Opt::nolibs,
    Opt::stdc,
    Opt::syslibdir,
    Opt::undef,
];

/// Why a setting is not accepted. The texts are DTrace's where it has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptError {
    /// No such option.
    Name,
    /// Not a value of its kind.
    Value,
    /// A version of D that is not out yet.
    Version,
    /// Means nothing here.
    Refused(&'static str),
    /// Not while tracing.
    Active,
    /// Not from the program's text.
    Text,
}

impl fmt::Display for OptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptError::Name => f.write_str("Invalid option name"),
            OptError::Version => f.write_str("Requested version is not supported by compiler"),
            OptError::Value => f.write_str("Invalid value for specified option"),
            OptError::Refused(why) => write!(f, "Option has no meaning on this system: {why}"),
            OptError::Active => f.write_str("Operation illegal when tracing is active"),
            OptError::Text => f.write_str("Option cannot be used from within a D program"),
        }
    }
}
impl std::error::Error for OptError {}

/// The settings of a session.
#[derive(Clone, Debug)]
pub struct Options {
    numbers: Vec<Option<u64>>,
    texts: Vec<(Opt, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            numbers: vec![None; OPTIONS.len()],
            texts: Vec::new(),
        }
    }
}

impl Options {
    /// Sets `name` to `value`.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), OptError> {
        let row = OPTIONS
            .iter()
            .find(|r| r.name == name)
            .ok_or(OptError::Name)?;
        let value = value.map(str::trim);
        let number = match (row.kind, value) {
            (Kind::Flag, None) => 1,
            (Kind::Flag, Some(v)) => parse_flag(v).ok_or(OptError::Value)?,
            (Kind::Int, Some(v)) => parse_int(v).ok_or(OptError::Value)?,
            (Kind::Size, Some(v)) => parse_size(v).ok_or(OptError::Value)?,
            (Kind::Rate, Some(v)) => parse_rate(v).ok_or(OptError::Value)?,
            (Kind::Choice(words), Some(v)) => {
                words.iter().position(|w| *w == v).ok_or(OptError::Value)? as u64
            }
            (Kind::Text, Some(v)) if !v.is_empty() => {
                self.texts.push((row.opt, v.to_owned()));
                0
            }
            _ => return Err(OptError::Value),
        };
        match row.status {
            Status::Done | Status::Moot(_) => {}
            Status::Refused(why) => return Err(OptError::Refused(why)),
        }
        if row.opt == Opt::evaltime && number != 0 {
            return Err(OptError::Refused(
                "a program is held at its first instruction, and nowhere else",
            ));
        }
        let text = value.unwrap_or_default();
        if row.opt == Opt::version {
            let version = dsl::pragma::parse_version(text).ok_or(OptError::Value)?;
            if version > dsl::pragma::NEWEST {
                return Err(OptError::Version);
            }
        }
        if row.opt == Opt::amin && dsl::pragma::parse_attributes(text).is_none() {
            return Err(OptError::Value);
        }
        let strings = 1..=u64::from(dsl::MOST_STRSIZE);
        if row.opt == Opt::strsize && !strings.contains(&number)
            || row.opt == Opt::nspec && number > MOST_NSPEC
            || row.opt == Opt::scratchsize && number > MOST_SCRATCH
        {
            return Err(OptError::Value);
        }
        if let Some(slot) = self.numbers.get_mut(row.opt as usize) {
            *slot = Some(number);
        }
        Ok(())
    }

    /// Sets `name` to `value` while tracing: only some options can be.
    pub fn set_live(&mut self, name: &str, value: Option<&str>) -> Result<(), OptError> {
        match OPTIONS.iter().find(|r| r.name == name) {
            None => Err(OptError::Name),
            Some(row) if !row.dynamic => Err(OptError::Active),
            Some(_) => self.set(name, value),
        }
    }

    /// Sets `name` to `value`, as a program's text asks.
    pub fn set_in_text(&mut self, name: &str, value: Option<&str>) -> Result<(), OptError> {
        match OPTIONS.iter().find(|r| r.name == name) {
            Some(row) if BEFORE_THE_TEXT.contains(&row.opt) => Err(OptError::Text),
            _ => self.set(name, value),
        }
    }

    /// Sets `name=value`.
    #[cfg(test)]
    pub fn set_text(&mut self, text: &str) -> Result<(), OptError> {
        match text.split_once('=') {
            Some((name, value)) => self.set(name, Some(value)),
            None => self.set(text, None),
        }
    }

    /// Takes `DTRACE_OPT_NAME` settings. An empty value is as none. Gives the name of the variable that is wrong.
    pub fn set_environment(
        &mut self,
        vars: impl Iterator<Item = (String, String)>,
    ) -> Result<(), (String, OptError)> {
        for (name, value) in vars {
            if let Some(option) = name.strip_prefix("DTRACE_OPT_") {
                let value = Some(value.as_str()).filter(|v| !v.is_empty());
                self.set(&option.to_ascii_lowercase(), value)
                    .map_err(|e| (name, e))?;
            }
        }
        Ok(())
    }

    /// Its value, or its default.
    pub fn get(&self, opt: Opt) -> u64 {
        let default = OPTIONS.get(opt as usize).map_or(0, |r| r.default);
        self.given(opt).unwrap_or(default)
    }

    /// Its value, where it was set.
    pub fn given(&self, opt: Opt) -> Option<u64> {
        self.numbers.get(opt as usize).copied().flatten()
    }

    /// Whether a flag is on.
    pub fn on(&self, opt: Opt) -> bool {
        self.get(opt) != 0
    }

    /// All texts given for an option, in order.
    pub fn texts(&self, opt: Opt) -> impl Iterator<Item = &str> {
        self.texts
            .iter()
            .filter(move |t| t.0 == opt)
            .map(|t| t.1.as_str())
    }

    /// All texts given for any of these options, in order.
    pub fn in_order(&self, opts: &[Opt]) -> impl Iterator<Item = (Opt, &str)> {
        self.texts
            .iter()
            .filter(move |t| opts.contains(&t.0))
            .map(|t| (t.0, t.1.as_str()))
    }

    /// The word of a choice.
    pub fn word(&self, opt: Opt) -> &'static str {
        match OPTIONS.get(opt as usize).map(|r| r.kind) {
            Some(Kind::Choice(words)) => words
                .get(self.get(opt) as usize)
                .copied()
                .unwrap_or_default(),
            _ => "",
        }
    }
}

fn parse_flag(v: &str) -> Option<u64> {
    match v {
        "yes" | "enable" | "enabled" | "true" | "on" | "set" => Some(1),
        "no" | "disable" | "disabled" | "false" | "off" | "unset" => Some(0),
        _ => None,
    }
}

/// Decimal, hexadecimal with `0x`, octal with `0`; never negative.
fn parse_int(v: &str) -> Option<u64> {
    let (digits, radix) = match v.strip_prefix("0x").or_else(|| v.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if v.len() > 1 && v.starts_with('0') => (v, 8),
        None => (v, 10),
    };
    match digits.starts_with(['+', '-']) {
        true => None,
        false => u64::from_str_radix(digits, radix)
            .ok()
            .filter(|&n| n <= i64::MAX as u64),
    }
}

/// A number with a suffix `k m g t`.
pub fn parse_size(v: &str) -> Option<u64> {
    let (number, shift) = match v.chars().last()?.to_ascii_lowercase() {
        'k' => (v.get(..v.len() - 1)?, 10),
        'm' => (v.get(..v.len() - 1)?, 20),
        'g' => (v.get(..v.len() - 1)?, 30),
        't' => (v.get(..v.len() - 1)?, 40),
        _ => (v, 0),
    };
    let n = parse_int(number)?;
    n.checked_mul(1 << shift).filter(|&n| n <= i64::MAX as u64)
}

/// Suffixes of rates and their nanoseconds; `hz` stands for itself.
const UNITS: &[(&str, u64)] = &[
    ("nsec", NS),
    ("ns", NS),
    ("usec", 1_000 * NS),
    ("us", 1_000 * NS),
    ("msec", MS),
    ("ms", MS),
    ("sec", SECOND),
    ("s", SECOND),
    ("min", 60 * SECOND),
    ("m", 60 * SECOND),
    ("hour", 3_600 * SECOND),
    ("h", 3_600 * SECOND),
    ("day", 86_400 * SECOND),
    ("d", 86_400 * SECOND),
];

/// A rate as the nanoseconds between two times; without a suffix it is in hertz.
pub fn parse_rate(v: &str) -> Option<u64> {
    let at = v.find(|c: char| !c.is_ascii_digit()).unwrap_or(v.len());
    let (number, unit) = v.split_at(at);
    let n: u64 = number.parse().ok()?;
    let ns = match unit {
        "" | "hz" => SECOND.checked_div(n)?,
        unit => UNITS.iter().find(|u| u.0 == unit)?.1.checked_mul(n)?,
    };
    (ns > 0).then_some(ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_can_be_set_or_says_why_not() {
        for row in OPTIONS {
            let value = match row.kind {
                Kind::Flag => None,
                Kind::Int => Some("7"),
                Kind::Size => Some("8k"),
                Kind::Rate => Some("50ms"),
                Kind::Choice(words) => words.last().copied(),
                Kind::Text if row.opt == Opt::amin => Some("Evolving/Evolving/Common"),
                Kind::Text if row.opt == Opt::version => Some("1.6"),
                Kind::Text => Some("x=y"),
            };
            let mut o = Options::default();
            let got = o.set(row.name, value);
            match row.status {
                Status::Done | Status::Moot(_) if row.opt == Opt::evaltime => {
                    assert!(matches!(got, Err(OptError::Refused(_))));
                    assert_eq!(o.set("evaltime", Some("exec")), Ok(()));
                }
                Status::Done | Status::Moot(_) => {
                    assert_eq!(got, Ok(()), "{}", row.name);
                    let want = match row.kind {
                        Kind::Flag => 1,
                        Kind::Int => 7,
                        Kind::Size => 8 << 10,
                        Kind::Rate => 50 * MS,
                        Kind::Choice(words) => words.len() as u64 - 1,
                        Kind::Text => 0,
                    };
                    assert_eq!(o.get(row.opt), want, "{}", row.name);
                }
                Status::Refused(why) => {
                    assert_eq!(got, Err(OptError::Refused(why)), "{}", row.name)
                }
            }
            // Nothing takes nonsense, and nothing but a flag goes without a value.
            if !matches!(row.kind, Kind::Text) {
                assert_eq!(
                    Options::default().set(row.name, Some("%")),
                    Err(OptError::Value),
                    "{}",
                    row.name
                );
            }
            if !matches!(row.kind, Kind::Flag) {
                assert_eq!(
                    Options::default().set(row.name, None),
                    Err(OptError::Value),
                    "{}",
                    row.name
                );
            }
        }
        assert_eq!(Options::default().set("nosuch", None), Err(OptError::Name));
    }

    #[test]
    fn defaults_are_dtraces() {
        let o = Options::default();
        for (opt, want) in [
            (Opt::bufsize, 4 << 20),
            (Opt::strsize, 256),
            (Opt::aggsize, 4 << 20),
            (Opt::dynvarsize, 1 << 20),
            (Opt::stackframes, 20),
            (Opt::switchrate, SECOND),
            (Opt::stackindent, 14),
            (Opt::quiet, 0),
        ] {
            assert_eq!(o.get(opt), want, "{opt:?}");
            assert_eq!(o.given(opt), None);
        }
        assert_eq!(o.word(Opt::backend), "auto");
    }

    #[test]
    fn rows_are_in_the_order_of_their_numbers() {
        for (i, row) in OPTIONS.iter().enumerate() {
            assert_eq!(row.opt as usize, i);
        }
    }

    #[test]
    fn sizes() {
        for (v, want) in [
            ("1", Some(1)),
            ("4k", Some(4096)),
            ("4K", Some(4096)),
            ("2m", Some(2 << 20)),
            ("3g", Some(3 << 30)),
            ("1t", Some(1 << 40)),
            ("0x10", Some(16)),
            ("-1", None),
            ("", None),
            ("k", None),
            ("1kk", None),
            ("99999999999999t", None),
            ("ä", None),
        ] {
            assert_eq!(parse_size(v), want, "{v}");
        }
    }

    #[test]
    fn rates() {
        for (v, want) in [
            ("1", Some(SECOND)),
            ("100", Some(10 * MS)),
            ("10hz", Some(100 * MS)),
            ("5ns", Some(5)),
            ("5nsec", Some(5)),
            ("5us", Some(5_000)),
            ("5usec", Some(5_000)),
            ("5ms", Some(5 * MS)),
            ("5msec", Some(5 * MS)),
            ("5s", Some(5 * SECOND)),
            ("5sec", Some(5 * SECOND)),
            ("2m", Some(120 * SECOND)),
            ("2min", Some(120 * SECOND)),
            ("1h", Some(3_600 * SECOND)),
            ("1hour", Some(3_600 * SECOND)),
            ("1d", Some(86_400 * SECOND)),
            ("1day", Some(86_400 * SECOND)),
            ("0", None),
            ("0hz", None),
            ("-1s", None),
            ("5 s", None),
            ("5parsecs", None),
            ("9999999999hz", None),
            ("999999999999d", None),
        ] {
            assert_eq!(parse_rate(v), want, "{v}");
        }
    }

    #[test]
    fn flags() {
        for v in ["yes", "enable", "enabled", "true", "on", "set"] {
            let mut o = Options::default();
            o.set("quiet", Some(v)).expect(v);
            assert!(o.on(Opt::quiet));
        }
        for v in ["no", "disable", "disabled", "false", "off", "unset"] {
            let mut o = Options::default();
            o.set_text("quiet").expect("on");
            o.set("quiet", Some(v)).expect(v);
            assert!(!o.on(Opt::quiet));
        }
    }

    #[test]
    fn sources() {
        let mut o = Options::default();
        o.set_text("strsize=1k").expect("set");
        assert_eq!(o.get(Opt::strsize), 1024);
        assert_eq!(o.set_text("strsize=0"), Err(OptError::Value));
        assert_eq!(o.set_text("strsize=2m"), Err(OptError::Value));
        let env = [
            ("DTRACE_OPT_QUIET", ""),
            ("DTRACE_OPT_BUFSIZE", "1m"),
            ("HOME", "x"),
        ];
        o.set_environment(env.iter().map(|(a, b)| (a.to_string(), b.to_string())))
            .expect("set");
        assert!(o.on(Opt::quiet));
        assert_eq!(o.get(Opt::bufsize), 1 << 20);
        let env = [("DTRACE_OPT_NOSUCH", "1")];
        let got = o.set_environment(env.iter().map(|(a, b)| (a.to_string(), b.to_string())));
        assert_eq!(got, Err(("DTRACE_OPT_NOSUCH".into(), OptError::Name)));
        o.set_text("setenv=A=b").expect("set");
        o.set_text("setenv=C=d").expect("set");
        assert_eq!(o.texts(Opt::setenv).collect::<Vec<_>>(), ["A=b", "C=d"]);
    }
}
