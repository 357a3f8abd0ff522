//! Diagnostics: what is wrong, where, and under which of DTrace's error tags.
//!
//! A tag is an interface name: `-x errtags` prints it, and test programs that must fail carry it in their file name
//! (`err.D_SYNTAX.what.d`). Front-end passes never stop at the first error and never panic; they return what they
//! understood with a list of [`Diag`].

use crate::source::{Source, Sources, Span};

/// Calls `$m` with every error tag and what it means, in this crate's words. The only list of tags.
#[rustfmt::skip]
macro_rules! for_each_tag {
    ($m:ident) => {
        $m! {
            D_UNKNOWN, "miscellaneous error, the text says which";
            D_SYNTAX, "the grammar does not allow this";
            D_EMPTY, "there is no D program at all";
            D_TYPE_ERR, "a type definition is malformed";
            D_TYPE_MEMBER, "the struct or union has no such member";
            D_ASRELO, "relocation remains in assembled DIF";
            D_CG_EXPR, "an expression of this kind cannot be evaluated here";
            D_CG_DYN, "expression of dynamic type cannot be evaluated here";
            D_ATTR_MIN, "attributes are below the predefined minimum (-x amin)";
            D_ID_OFLOW, "no identifier numbers are left";
            D_PROTO_LEN, "wrong number of arguments";
            D_PROTO_ARG, "argument of the wrong type";
            D_ARGS_MULTI, "args[] where the clause's probes disagree on the type";
            D_ARGS_XLATOR, "args[] needs a translator that does not exist";
            D_ARGS_NONE, "args[] where the probe has no typed arguments";
            D_ARGS_TYPE, "args[] indexed by something that is not an integer constant";
            D_ARGS_IDX, "args[] index out of range";
            D_REGS_IDX, "regs[] or uregs[] index out of range";
            D_KEY_TYPE, "array or aggregation key of a type that cannot be a key";
            D_ARR_BADREF, "array used without an index, or with a wrong one";
            D_ARR_BOUNDS, "array index out of bounds";
            D_ARR_LOCAL, "associative array in clause-local scope";
            D_ALLOCA_INCOMPAT, "alloca() pointer stored where others are";
            D_ALLOCA_SIZE, "alloca() size is out of range";
            D_PRINTF_DYN_PROTO, "dynamic width or precision without an argument";
            D_PRINTF_DYN_TYPE, "dynamic width or precision that is not an integer";
            D_PRINTF_AGG_CONV, "%@ outside printa()";
            D_PRINTF_ARG_PROTO, "conversion without an argument";
            D_PRINTF_ARG_TYPE, "argument does not fit its conversion";
            D_PRINTF_ARG_EXTRA, "more arguments than conversions";
            D_PRINTF_ARG_FMT, "format is not a string constant";
            D_PRINTF_FMT_EMPTY, "format string is empty";
            D_PRINTA_PROTO, "printa() prototype mismatch";
            D_PRINTA_AGGPROTO, "printa() format has no aggregation to convert";
            D_PRINTA_AGGARG, "printa() argument is not an aggregation";
            D_PRINTA_AGGBAD, "printa() of an undefined aggregation";
            D_PRINTA_AGGKEY, "printa() of aggregations whose keys differ";
            D_TRACE_PROTO, "trace() prototype mismatch";
            D_TRACE_VOID, "trace() of a void expression";
            D_TRACE_DYN, "trace() of an expression of dynamic type";
            D_TRACE_AGG, "trace() of an aggregation";
            D_PRINT_PROTO, "print() prototype mismatch";
            D_PRINT_VOID, "print() of a void expression";
            D_PRINT_DYN, "print() of an expression of dynamic type";
            D_PRINT_AGG, "print() of an aggregation";
            D_TRACEMEM_PROTO, "tracemem() prototype mismatch";
            D_TRACEMEM_ADDR, "tracemem() address is neither pointer nor integer";
            D_TRACEMEM_SIZE, "tracemem() size is not a positive constant";
            D_TRACEMEM_ARGS, "tracemem() has too few arguments";
            D_TRACEMEM_DYNSIZE, "tracemem() dynamic size is not an integer";
            D_PRINTM_ADDR, "printm() needs a memory reference";
            D_PRINTM_SIZE, "printm() size is not a positive constant";
            D_PRINTM_PROTO, "printm() prototype mismatch";
            D_PCAP_ADDR, "pcap() address is not a pointer";
            D_PCAP_PROTO, "pcap() protocol is not an integer constant";
            D_STACK_PROTO, "stack() prototype mismatch";
            D_STACK_SIZE, "stack() size is not a positive constant";
            D_USTACK_PROTO, "ustack() prototype mismatch";
            D_USTACK_FRAMES, "ustack() frame count is not a positive constant";
            D_USTACK_STRSIZE, "ustack() string size is not a positive constant";
            D_CLEAR_PROTO, "clear() prototype mismatch";
            D_CLEAR_AGGARG, "clear() argument is not an aggregation";
            D_CLEAR_AGGBAD, "clear() of an undefined aggregation";
            D_NORMALIZE_PROTO, "normalize() prototype mismatch";
            D_NORMALIZE_AGGARG, "normalize() argument is not an aggregation";
            D_NORMALIZE_AGGBAD, "normalize() of an undefined aggregation";
            D_NORMALIZE_SCALAR, "normalize() factor is not an integer";
            D_DENORMALIZE_PROTO, "denormalize() prototype mismatch";
            D_DENORMALIZE_AGGARG, "denormalize() argument is not an aggregation";
            D_DENORMALIZE_AGGBAD, "denormalize() of an undefined aggregation";
            D_TRUNC_PROTO, "trunc() prototype mismatch";
            D_TRUNC_AGGARG, "trunc() argument is not an aggregation";
            D_TRUNC_AGGBAD, "trunc() of an undefined aggregation";
            D_TRUNC_SCALAR, "trunc() count is not an integer";
            D_PROV_BADNAME, "provider name is malformed";
            D_PROV_INCOMP, "provider declared before, differently";
            D_PROV_PRDUP, "probe declared twice in one provider";
            D_PROV_PRARGLEN, "probe has too many arguments";
            D_PROV_PRXLATOR, "no translator for a probe argument";
            D_PROV_NOTTYPE, "probe prototype is not a function type";
            D_PRAGMA_MALFORM, "pragma is malformed";
            D_PRAGMA_INVAL, "no such D pragma";
            D_PRAGMA_UNUSED, "pragma names an identifier that is not defined";
            D_PRAGMA_OPTSET, "option cannot be set by pragma, or its value is bad";
            D_PRAGMA_DEPEND, "dependency is unmet, or stands in the main program";
            D_PRAGMA_SCOPE, "pragma applied to an identifier of this scope";
            D_PRAGERR, "#error or #pragma error";
            D_PRAGCTL_INVAL, "no such control directive";
                    D_XLATE_NONE, "no translator for these types";
                    D_XLATE_NOCONV, "translated value cannot be converted";
            D_XLATE_MEMB, "translator does not define that member";
            D_XLATE_SOU, "translator output is not a struct or union";
            D_XLATE_INCOMPAT, "translator member expression has another type";
            D_XLATE_REDECL, "translator declared twice";
            D_XLATE_DYN, "translated value used where a real one is needed";
            D_DECL_BADCLASS, "storage class that D does not have";
            D_DECL_PARMCLASS, "storage class on a parameter";
            D_DECL_CLASS, "more than one storage class";
            D_DECL_COMBO, "specifiers do not make a type";
            D_DECL_CHARATTR, "attribute that char cannot have";
            D_DECL_VOIDATTR, "attribute that void cannot have";
            D_DECL_SIGNINT, "signed or unsigned on something that is no integer";
            D_DECL_LONGINT, "long or short on something that is no int";
            D_DECL_IDENT, "declaration needs an identifier, or has one too many";
            D_DECL_USELESS, "declaration declares nothing";
            D_DECL_SCOPE, "scope operator in a declared name";
            D_DECL_VOIDOBJ, "object of type void";
            D_DECL_DYNOBJ, "object of dynamic type";
            D_DECL_INCOMPLETE, "object of incomplete type";
            D_DECL_ARRNULL, "array without a dimension";
            D_DECL_ARRSUB, "array dimension is not a positive constant";
            D_DECL_ARRBIG, "array dimension is too large";
            D_DECL_ARRDIM, "array dimension and associative keys mixed";
            D_DECL_LOCASSC, "clause-local associative array";
            D_DECL_MNAME, "member name is used twice";
            D_DECL_BFCONST, "bit-field width is not an integer constant";
            D_DECL_BFSIZE, "bit-field is too wide or empty";
            D_DECL_BFTYPE, "bit-field of a type that is no integer";
            D_DECL_ENCONST, "enumerator is not an integer constant";
            D_DECL_ENOFLOW, "enumerator does not fit";
            D_DECL_IDRED, "identifier declared before, differently";
            D_DECL_TYPERED, "type name declared before, differently";
            D_DECL_PROTO_VARARGS, "varargs in a prototype that cannot have them";
            D_DECL_PROTO_VOID, "void is not the sole parameter";
            D_DECL_PROTO_NAME, "void parameter has a name";
            D_DECL_PROTO_TYPE, "parameter of a type that cannot be passed";
            D_DECL_PROTO_FORM, "parameter list is malformed";
            D_IDENT_UNDEF, "undefined identifier";
            D_IDENT_BADREF, "identifier of this kind cannot be used here";
            D_IDENT_AMBIG, "identifier is both an enumerator and a variable";
            D_VAR_UNDEF, "variable is used before anything assigned it";
            D_VAR_UNSUP, "built-in variable that this system cannot supply";
            D_SYM_BADREF, "kernel symbol cannot be referenced like this";
            D_SYM_NOTYPES, "kernel symbol without type information";
            D_SYM_MODEL, "symbol's module has another data model";
            D_FUNC_UNDEF, "undefined function";
            D_FUNC_IDENT, "called identifier is not a function";
            D_FUNC_UNSUP, "function that this system cannot supply";
            D_OP_ARITH, "operand is not arithmetic";
            D_OP_INT, "operand is not an integer";
            D_OP_SCALAR, "operand is not a scalar";
            D_OP_PTR, "operand is not a pointer";
            D_OP_INCOMPAT, "operands have incompatible types";
            D_OP_INCOMPLETE, "operand has an incomplete type";
            D_OP_LVAL, "operand is not assignable";
            D_OP_WRITE, "operand is read-only";
            D_OP_DYN, "operand has a dynamic type";
            D_OP_ACT, "action where a value is needed";
            D_OP_SOU, "operand is not a struct or union";
            D_OP_VFPTR, "operand points to void or to a function";
            D_OP_ARRFUN, "operand is an array or function";
            D_OP_IVAL, "operator applied to a value it cannot take";
            D_DIV_ZERO, "division by the constant zero";
            D_CAST_INVAL, "cast between these types is not possible";
            D_SIZEOF_TYPE, "sizeof something without a size";
            D_SIZEOF_BITFIELD, "sizeof a bit-field";
            D_OFFSETOF_TYPE, "offsetof in something that is no struct or union";
            D_OFFSETOF_BITFIELD, "offsetof a bit-field";
            D_STRINGOF_TYPE, "stringof something that cannot become a string";
            D_INT_DIGIT, "digit that the radix does not have";
            D_INT_OFLOW, "integer constant too large";
            D_CHR_NL, "newline in a character constant";
            D_CHR_NULL, "empty character constant";
            D_CHR_OFLOW, "character constant too long";
            D_STR_NL, "newline in a string constant";
            D_MACRO_UNDEF, "macro argument was not given";
            D_MACRO_OFLOW, "macro argument number or value too large";
            D_MACRO_UNUSED, "macro argument is not referenced";
            D_PDESC_INVAL, "probe description is malformed";
            D_PDESC_ZERO, "probe description matches no probes";
            D_PROC_BADPID, "pid provider with a bad process id";
            D_PROC_BADPROV, "pid-type provider name is malformed";
            D_PROC_CREATEFAIL, "probe in a process could not be created";
            D_PROC_FUNC, "process has no such function";
            D_PROC_GRAB, "process could not be controlled";
            D_PROC_IDENT, "no such symbol in the process";
            D_PROC_LIB, "process has no such library";
            D_PROC_NAME, "no such probe name in the pid provider";
            D_PROC_NODEV, "device for process tracing is missing";
            D_PROC_OFF, "offset is not in the function";
            D_PROC_ALIGN, "offset is not at an instruction";
            D_PROC_DYN, "process is not dynamically linked";
            D_PROC_USDT, "static probes of the process could not be read";
            D_AGG_NULL, "aggregation used without an aggregating function";
            D_AGG_FUNC, "aggregation assigned something that is no aggregating function";
            D_AGG_REDEF, "aggregation used with another function";
            D_AGG_SCALAR, "aggregating function needs a scalar";
            D_AGG_MDIM, "aggregation with several key lists";
            D_AGG_BADPARAM, "aggregating function's parameter is bad";
            D_AGG_COM, "aggregation in a comma expression";
            D_AGG_SPEC, "aggregation after speculate()";
            D_AGG_COMM, "aggregation after commit()";
            D_ACT_SPEC, "destructive action after speculate()";
            D_EXIT_SPEC, "exit() after speculate()";
            D_COMM_COMM, "commit() after commit()";
            D_COMM_DREC, "commit() after data was recorded";
            D_SPEC_SPEC, "speculate() after speculate()";
            D_SPEC_COMM, "speculate() after commit()";
            D_SPEC_DREC, "speculate() after data was recorded";
            D_DREC_COMM, "data recorded after commit()";
            D_FREOPEN_INVALID, "freopen() of a name that cannot be a file";
            D_LQUANT_BASETYPE, "lquantize() base is not an integer constant";
            D_LQUANT_BASEVAL, "lquantize() base is out of range";
            D_LQUANT_LIMTYPE, "lquantize() limit is not an integer constant";
            D_LQUANT_LIMVAL, "lquantize() limit is out of range";
            D_LQUANT_STEPTYPE, "lquantize() step is not an integer constant";
            D_LQUANT_STEPVAL, "lquantize() step is out of range";
            D_LQUANT_STEPLARGE, "lquantize() step is larger than the range";
            D_LQUANT_STEPSMALL, "lquantize() step makes too many levels";
            D_LQUANT_MATCHBASE, "lquantize() base differs from an earlier use";
            D_LQUANT_MATCHLIM, "lquantize() limit differs from an earlier use";
            D_LQUANT_MATCHSTEP, "lquantize() step differs from an earlier use";
            D_LQUANT_MISMATCH, "lquantize() parameters differ from an earlier use";
            D_LLQUANT_FACTORTYPE, "llquantize() factor is not an integer constant";
            D_LLQUANT_FACTORVAL, "llquantize() factor is out of range";
            D_LLQUANT_FACTORMATCH, "llquantize() factor does not fit the steps";
            D_LLQUANT_FACTOREVEN, "llquantize() steps do not divide a power of the factor";
            D_LLQUANT_FACTORNSTEPS, "llquantize() steps do not divide the factor";
            D_LLQUANT_FACTORSMALL, "llquantize() factor is less than two";
            D_LLQUANT_LMAGTYPE, "llquantize() low magnitude is not an integer constant";
            D_LLQUANT_LMAGVAL, "llquantize() low magnitude is out of range";
            D_LLQUANT_HMAGTYPE, "llquantize() high magnitude is not an integer constant";
            D_LLQUANT_HMAGVAL, "llquantize() high magnitude is out of range";
            D_LLQUANT_MAGRANGE, "llquantize() high magnitude is below the low one";
            D_LLQUANT_MAGTOOBIG, "llquantize() values do not fit 64 bits";
            D_LLQUANT_STEPTYPE, "llquantize() step count is not an integer constant";
            D_LLQUANT_STEPVAL, "llquantize() step count is out of range";
            D_LLQUANT_NSTEPMATCH, "llquantize() step count differs from an earlier use";
            D_LLQUANT_MATCHFACTOR, "llquantize() factor differs from an earlier use";
            D_LLQUANT_MATCHLMAG, "llquantize() low magnitude differs from an earlier use";
            D_LLQUANT_MATCHHMAG, "llquantize() high magnitude differs from an earlier use";
            D_LLQUANT_MATCHSTEPS, "llquantize() step count differs from an earlier use";
            D_NOT_YET, "part of D that this tracer does not have yet; the text names it";
            D_DEREF_NONPTR, "dereference of something that is no pointer";
            D_DEREF_VOID, "dereference of a pointer to void";
            D_DEREF_FUNC, "dereference of a pointer to a function";
            D_ADDROF_LVAL, "address of something that has none";
            D_ADDROF_VAR, "address of a D variable";
            D_ADDROF_BITFIELD, "address of a bit-field";
            D_PRED_SCALAR, "predicate is not a scalar";
            }
    };
}

macro_rules! define_tags { ($($name:ident, $meaning:literal;)*) => {
    /// The error tags, by DTrace's names.
    #[allow(non_camel_case_types)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Tag { $(#[doc = $meaning] $name,)* }

    impl Tag {
        /// Every tag.
        pub const ALL: &[Tag] = &[$(Tag::$name,)*];

        /// The interface name, such as `D_SYNTAX`.
        pub fn name(self) -> &'static str {
            match self { $(Tag::$name => stringify!($name),)* }
        }

        /// What the tag stands for, in one phrase.
        pub fn meaning(self) -> &'static str {
            match self { $(Tag::$name => $meaning,)* }
        }

        /// The tag of this name.
        pub fn from_name(name: &str) -> Option<Tag> {
            match name { $(stringify!($name) => Some(Tag::$name),)* _ => None }
        }
    }
} }

for_each_tag!(define_tags);

/// Tags that no program can be made to raise, and why. Every other one is in the name of a program that must be refused.
pub const NEVER_RAISED: &[(Tag, &str)] = &[
    (
        Tag::D_TYPE_ERR,
        "a type definition that is malformed has a tag of its own for each way",
    ),
    (
        Tag::D_ASRELO,
        "code is made for a kernel that is known; nothing is left to be relocated",
    ),
    (
        Tag::D_CG_DYN,
        "a value of dynamic type is a translated one: D_XLATE_DYN",
    ),
    (
        Tag::D_OP_DYN,
        "a value of dynamic type is a translated one: D_XLATE_DYN",
    ),
    (
        Tag::D_TRACE_DYN,
        "a value of dynamic type is a translated one: D_XLATE_DYN",
    ),
    (
        Tag::D_DECL_DYNOBJ,
        "no type that can be declared is dynamic",
    ),
    (Tag::D_ID_OFLOW, "it takes more than 60,000 variables"),
    (
        Tag::D_ARR_BADREF,
        "an associative array without an index is D_OP_ARRFUN, one with a wrong one D_PROTO_LEN or D_PROTO_ARG",
    ),
    (
        Tag::D_ALLOCA_INCOMPAT,
        "pointers to scratch are ordinary ones here: a stale one faults where it is used",
    ),
    (
        Tag::D_ALLOCA_SIZE,
        "sizes are known when a probe fires: too much is a fault",
    ),
    (
        Tag::D_TRACE_PROTO,
        "a wrong number of arguments is D_PROTO_LEN",
    ),
    (
        Tag::D_TRACEMEM_ARGS,
        "a wrong number of arguments is D_TRACEMEM_PROTO",
    ),
    (
        Tag::D_PROV_NOTTYPE,
        "the grammar has nothing but a list of parameters there",
    ),
    (
        Tag::D_XLATE_NOCONV,
        "a translated value is of use by its members alone: D_XLATE_DYN, D_CAST_INVAL",
    ),
    (
        Tag::D_DECL_PROTO_FORM,
        "the grammar reads no malformed list of parameters: D_SYNTAX",
    ),
    (
        Tag::D_IDENT_AMBIG,
        "a program's own variable hides the kernel's enumerator: to ask for each name would read the kernel's types for every program",
    ),
    (
        Tag::D_SYM_BADREF,
        "every kernel symbol with a type can be read, and every one has an address",
    ),
    (
        Tag::D_SYM_MODEL,
        "the kernel and its modules have one data model",
    ),
    (
        Tag::D_OP_IVAL,
        "what has no value has a type that no operator takes",
    ),
    (
        Tag::D_MACRO_UNUSED,
        "the command line is at fault, not a program",
    ),
    (
        Tag::D_NOT_YET,
        "it is for what the running kernel has not, or has an argument of: no program is refused everywhere",
    ),
    (
        Tag::D_AGG_BADPARAM,
        "parameters of each aggregating function have tags of their own",
    ),
    (
        Tag::D_LLQUANT_FACTORMATCH,
        "D_LLQUANT_MATCHFACTOR says the same",
    ),
    (
        Tag::D_LLQUANT_NSTEPMATCH,
        "D_LLQUANT_MATCHSTEPS says the same",
    ),
    (Tag::D_PROC_BADPID, NO_PID),
    (Tag::D_PROC_BADPROV, NO_PID),
    (Tag::D_PROC_CREATEFAIL, NO_PID),
    (Tag::D_PROC_FUNC, NO_PID),
    (Tag::D_PROC_GRAB, NO_PID),
    (Tag::D_PROC_IDENT, NO_PID),
    (Tag::D_PROC_LIB, NO_PID),
    (Tag::D_PROC_NAME, NO_PID),
    (Tag::D_PROC_NODEV, NO_PID),
    (Tag::D_PROC_OFF, NO_PID),
    (Tag::D_PROC_ALIGN, NO_PID),
    (Tag::D_PROC_DYN, NO_PID),
    (Tag::D_PROC_USDT, NO_PID),
    (Tag::D_PRINTM_SIZE, NO_PRINTM),
    (Tag::D_PRINTM_PROTO, NO_PRINTM),
    (Tag::D_PCAP_ADDR, NO_PCAP),
    (Tag::D_PCAP_PROTO, NO_PCAP),
];

const NO_PID: &str = "there is no pid provider yet";
const NO_PRINTM: &str = "a wrong argument of printm() is D_PRINTM_ADDR or one of the prototype's";
const NO_PCAP: &str = "a wrong argument of pcap() is one of the prototype's";

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Further words to a diagnostic, perhaps with a place of their own ("first declared here").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where, or [`Span::NONE`].
    pub span: Span,
    /// The words.
    pub text: String,
}

/// One thing that is wrong with the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diag {
    /// DTrace's name for this kind of error.
    pub tag: Tag,
    /// Where, or [`Span::NONE`] where the command line is at fault.
    pub span: Span,
    /// The message, in DTrace's words where it has them; no newline at the end.
    pub text: String,
    /// What else helps.
    pub notes: Vec<Note>,
    /// The part of a clause that it is in, as DTrace says it for programs on the command line.
    pub region: Option<Region>,
}

/// Parts of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Between the slashes.
    Predicate,
    /// Between the braces.
    ActionList,
}

impl Region {
    /// As it stands before the message.
    pub fn text(self) -> &'static str {
        match self {
            Region::Predicate => "in predicate: ",
            Region::ActionList => "in action list: ",
        }
    }
}

impl Diag {
    /// A diagnostic without notes.
    pub fn new(tag: Tag, span: Span, text: impl Into<String>) -> Diag {
        Diag {
            tag,
            span,
            text: text.into(),
            notes: Vec::new(),
            region: None,
        }
    }

    /// The same with a note that points somewhere.
    pub fn note_at(mut self, span: Span, text: impl Into<String>) -> Diag {
        self.notes.push(Note {
            span,
            text: text.into(),
        });
        self
    }

    /// The same with a note.
    pub fn note(self, text: impl Into<String>) -> Diag {
        self.note_at(Span::NONE, text)
    }

    /// DTrace's one line: `line 3: text`, with `[D_TAG] ` before it under `-x errtags`. The file is named where
    /// `#line` says that it is not the source itself (an included file). A source that is named like a flag (`-n`) is a
    /// program on the command line, of which DTrace says the part instead: `in action list: text`.
    pub fn headline(&self, sources: &Sources, errtags: bool) -> String {
        let mut out = if errtags {
            format!("[{}] ", self.tag)
        } else {
            String::new()
        };
        if let Some(src) = sources.get(self.span.src) {
            if src.name.len() > 1
                && src.name.starts_with('-')
                && let Some(region) = self.region
            {
                return out + region.text() + &self.text;
            }
            let loc = src.locate(self.span.lo);
            if loc.file != src.name {
                out += &format!("\"{}\", ", loc.file);
            }
            out += &format!("line {}: ", loc.line);
        }
        out + &self.text
    }

    /// [`headline`](Self::headline), then the source line with the span marked under it, then the notes. Ends with a newline.
    pub fn render(&self, sources: &Sources, errtags: bool) -> String {
        let mut out = self.headline(sources, errtags);
        out.push('\n');
        if let Some(src) = sources.get(self.span.src) {
            draw(&mut out, src, self.span);
        }
        for n in &self.notes {
            match sources.get(n.span.src) {
                Some(src) => {
                    let loc = src.locate(n.span.lo);
                    out += &format!("note: {}:{}: {}\n", loc.file, loc.line, n.text);
                    draw(&mut out, src, n.span);
                }
                None => out += &format!("note: {}\n", n.text),
            }
        }
        out
    }
}

/// The longest piece of a source line that is shown; a one-line program of megabytes must not flood the terminal.
const MAX_SHOWN: usize = 160;

/// Draw the line where `span` begins, and carets under the part of the span that is on it.
fn draw(out: &mut String, src: &Source, span: Span) {
    let (line, start) = src.line_text(span.lo);
    let number = src.locate(span.lo).line.to_string();
    let before = line
        .get(..span.lo.saturating_sub(start) as usize)
        .unwrap_or(line);
    let marked = line
        .get(before.len()..(span.hi.saturating_sub(start) as usize).min(line.len()))
        .unwrap_or("");
    let col = before.chars().count();
    let skip = col.saturating_sub(MAX_SHOWN / 2);
    // Tabs stay tabs on both lines, so that the caret stands where the terminal puts the text; control characters
    // would move the cursor, so they don't get through.
    let clean = |c: char| {
        if c == '\t' || !c.is_control() {
            c
        } else {
            '\u{fffd}'
        }
    };
    let shown: String = line.chars().skip(skip).take(MAX_SHOWN).map(clean).collect();
    let pad: String = before
        .chars()
        .skip(skip)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let room = MAX_SHOWN.saturating_sub(col - skip).max(1);
    let carets = "^".repeat(marked.chars().count().clamp(1, room));
    let gutter = " ".repeat(number.len());
    *out += &format!(" {number} | {shown}\n {gutter} | {pad}{carets}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lo: u32, hi: u32, expect: &str) {
        let mut sources = Sources::new();
        let src = sources.add("a.d", text);
        let d = Diag::new(Tag::D_SYNTAX, Span::new(src, lo, hi), "bad");
        assert_eq!(d.render(&sources, true), expect);
    }

    #[test]
    fn carets() {
        check(
            "BEGIN { x + ; }",
            12,
            13,
            "[D_SYNTAX] line 1: bad\n 1 | BEGIN { x + ; }\n   |             ^\n",
        );
        check(
            "a\n\tbb cc\nd",
            6,
            8,
            "[D_SYNTAX] line 2: bad\n 2 | \tbb cc\n   | \t   ^^\n",
        );
        // A span over several lines is marked to the end of its first line; one at the end of text gets one caret.
        check(
            "abc\ndef",
            1,
            6,
            "[D_SYNTAX] line 1: bad\n 1 | abc\n   |  ^^\n",
        );
        check("abc", 3, 3, "[D_SYNTAX] line 1: bad\n 1 | abc\n   |    ^\n");
        check(
            "é ü x",
            3,
            5,
            "[D_SYNTAX] line 1: bad\n 1 | é ü x\n   |   ^\n",
        );
    }

    #[test]
    fn programs_on_the_command_line_have_regions() {
        let mut sources = Sources::new();
        let flag = sources.add("-n", "BEGIN{foo;}");
        let stdin = sources.add("-", "BEGIN{foo;}");
        let mut d = Diag::new(Tag::D_IDENT_UNDEF, Span::new(flag, 6, 9), "bad");
        assert_eq!(d.headline(&sources, false), "line 1: bad");
        d.region = Some(Region::ActionList);
        assert_eq!(
            d.headline(&sources, true),
            "[D_IDENT_UNDEF] in action list: bad"
        );
        d.span.src = stdin;
        assert_eq!(d.headline(&sources, false), "line 1: bad");
    }

    #[test]
    fn line_directive_names_the_file() {
        check(
            "# 9 \"inc.h\"\nabc",
            12,
            13,
            "[D_SYNTAX] \"inc.h\", line 9: bad\n 9 | abc\n   | ^\n",
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let mut sources = Sources::new();
        let src = sources.add("a.d", "x".repeat(1 << 20));
        let d = Diag::new(Tag::D_SYNTAX, Span::new(src, 500_000, 900_000), "bad");
        assert!(d.render(&sources, false).len() < 600);
    }

    #[test]
    fn notes_and_no_place() {
        let mut sources = Sources::new();
        let src = sources.add("a.d", "int x;");
        let d = Diag::new(Tag::D_MACRO_UNUSED, Span::NONE, "extraneous")
            .note("plain")
            .note_at(Span::new(src, 4, 5), "here");
        assert_eq!(
            d.render(&sources, false),
            "extraneous\nnote: plain\nnote: a.d:1: here\n 1 | int x;\n   |     ^\n"
        );
    }

    #[test]
    fn every_tag_has_one_name() {
        for t in Tag::ALL {
            assert_eq!(Tag::from_name(t.name()), Some(*t));
            assert!(t.name().starts_with("D_") && !t.meaning().is_empty());
        }
        assert_eq!(Tag::from_name("D_NO_SUCH"), None);
    }
}
