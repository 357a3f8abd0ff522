//! The syntax tree: what was written, not yet what it means.
//!
//! Value types only; no node knows a type, a scope or a probe. Macro arguments (`$1`, `$target`) are already replaced
//! by what they stand for. Every node carries its [`Span`]. Parentheses leave no node, but widen the span of what they
//! enclose. The parser bounds the depth of every tree ([`MAX_DEPTH`]), so passes over it may recurse.
//!
//! Types are written inside out in C. Here a declaration is a base ([`TypeSpec`]) shared by its declarators, and each
//! declarator holds the [`Layer`]s to wrap around that base *in order*: `int *a[4]` is base `int`, layers
//! `[Pointer, Array(4)]`, read "pointer to int, then array of 4 of those".

use crate::source::Span;

/// No tree is deeper than this, whether by nesting (`((…))`) or by length (`a+a+a+…`).
pub const MAX_DEPTH: u32 = 512;

/// A name without a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A name that may be scoped by a backtick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What stands before the last backtick: a module, `LM0` + backtick + library, or empty (any module).
    /// `None` where there is no backtick.
    pub scope: Option<String>,
    /// The name itself.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// Everything that was written, in order.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// Clauses and declarations of all sources, in the order of the sources.
    pub items: Vec<Item>,
    /// `#pragma D …` lines, in order; a pragma's place relative to items is told by spans.
    pub pragmas: Vec<Pragma>,
}

/// One thing at the top level.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// All of it.
    pub span: Span,
}

/// What may stand at the top level.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `probes / predicate / { body }`
    Clause(Clause),
    /// A declaration of variables, types or kernel symbols.
    Decl(Decl),
    /// `inline type name = expr;`
    Inline(Inline),
    /// `translator T < U x > { … };`
    Translator(Translator),
    /// `provider name { … };`
    Provider(Provider),
}

// ---- clauses ----------------------------------------------------------------------------------------------------

/// Probes, and what to do when they fire.
#[derive(Clone, Debug)]
pub struct Clause {
    /// At least one.
    pub probes: Vec<ProbeDesc>,
    /// The expression between slashes.
    pub predicate: Option<Expr>,
    /// The statements. `None`: no braces were written (only where the kind of input allows it).
    /// `None` and an empty body both mean the default action.
    pub body: Option<Vec<Stmt>>,
}

/// One probe description of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeDesc {
    /// By fields or by number.
    pub kind: ProbeKind,
    /// All of it.
    pub span: Span,
}

/// How a probe description selects probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// A probe id.
    Id(u64),
    /// Four patterns; an empty one matches everything.
    Fields {
        /// First field.
        provider: ProbeField,
        /// Second field.
        module: ProbeField,
        /// Third field.
        function: ProbeField,
        /// Fourth field.
        name: ProbeField,
    },
}

/// One of the four fields, macro arguments already replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeField {
    /// The pattern; empty where it was not written.
    pub text: String,
    /// Where it stands; empty (at the description's start) where it was not written.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// All of it, with its `;` or block.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `;`
    Empty,
    /// An expression, for its effect.
    Expr(Expr),
    /// `if (cond) { … } else …`
    If {
        /// The condition.
        cond: Expr,
        /// The first block.
        then: Vec<Stmt>,
        /// The other block; `else if` is one `If` statement in here.
        otherwise: Option<Vec<Stmt>>,
    },
}

// ---- expressions ------------------------------------------------------------------------------------------------

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of it, with enclosing parentheses.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// An integer constant.
    Int(IntLit),
    /// A character constant, already packed into an `int`.
    Char(i64),
    /// A string constant: its bytes after escapes, without a terminating NUL.
    Str(Vec<u8>),
    /// A variable, enumerator, inline or kernel symbol.
    Name(Name),
    /// `self->name` or `this->name`.
    Scoped {
        /// Which.
        scope: VarScope,
        /// The variable.
        name: Ident,
    },
    /// `@name` or `@name[keys]`; the anonymous `@` has the name `_`.
    Agg {
        /// Without the `@`.
        name: Ident,
        /// `None` where no brackets were written.
        keys: Option<Vec<Expr>>,
    },
    /// `-x`, `!x`, `*x`, …
    Unary(UnaryOp, Box<Expr>),
    /// `++x`, `x++`, `--x`, `x--`
    IncDec {
        /// `++` (else `--`).
        inc: bool,
        /// Before the operand: the value is the new one.
        prefix: bool,
        /// What is changed.
        operand: Box<Expr>,
    },
    /// `a + b`, `a && b`, …
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a = b` (`None`), `a += b` (`Some(Add)`), …
    Assign {
        /// The operator joined with `=`.
        op: Option<BinaryOp>,
        /// Left.
        lhs: Box<Expr>,
        /// Right.
        rhs: Box<Expr>,
    },
    /// `cond ? yes : no`
    Ternary {
        /// Condition.
        cond: Box<Expr>,
        /// If non-zero.
        yes: Box<Expr>,
        /// If zero.
        no: Box<Expr>,
    },
    /// `a, b`
    Comma(Box<Expr>, Box<Expr>),
    /// `f(args)`
    Call {
        /// The function; D calls by name only.
        func: Name,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `base[keys]`: array, associative array, pointer, `args[n]`, inline array.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// At least one.
        keys: Vec<Expr>,
    },
    /// `base.member` or `base->member`
    Member {
        /// Struct, or pointer to one.
        base: Box<Expr>,
        /// `->` was written.
        arrow: bool,
        /// The member.
        member: Ident,
    },
    /// `(type) x`
    Cast {
        /// The type.
        ty: Box<TypeName>,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `sizeof (type)`
    SizeofType(Box<TypeName>),
    /// `sizeof x`. `sizeof (name)` is this too where the parser does not know `name` as a type: the checker decides.
    SizeofExpr(Box<Expr>),
    /// `stringof x`
    Stringof(Box<Expr>),
    /// `offsetof(type, member)`
    Offsetof {
        /// A struct or union.
        ty: Box<TypeName>,
        /// Its member.
        member: Ident,
    },
    /// `xlate <type> (x)`
    Xlate {
        /// The translator's output type, or pointer to it.
        ty: Box<TypeName>,
        /// Its input.
        operand: Box<Expr>,
    },
    /// Could not be parsed; a diagnostic says why. Never stands in a tree that came without diagnostics.
    Error,
}

/// An integer constant as written: the checker gives it its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntLit {
    /// The value.
    pub value: u64,
    /// The radix decides which types are candidates.
    pub radix: Radix,
    /// A `u` suffix was written.
    pub unsigned: bool,
    /// How many `l` were written, 0 to 2.
    pub longs: u8,
}

/// How an integer constant was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Radix {
    /// Leading `0`.
    Octal,
    /// Neither.
    Decimal,
    /// Leading `0x`.
    Hex,
}

/// The scope that `self->` or `this->` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarScope {
    /// `self->`: one per thread.
    Thread,
    /// `this->`: one per firing.
    Clause,
}

/// Calls `$m` with each unary operator and its text.
macro_rules! for_each_unary_op { ($m:ident) => { $m! { UnaryOp;
    Plus, "+", "`+x`"; Neg, "-", "`-x`"; BitNot, "~", "`~x`"; Not, "!", "`!x`"; Deref, "*", "`*x`"; AddrOf, "&", "`&x`";
} } }

/// Calls `$m` with each binary operator and its text.
macro_rules! for_each_binary_op {
    ($m:ident) => {
        $m! { BinaryOp;
            LogOr, "||", "`a || b`"; LogXor, "^^", "`a ^^ b`"; LogAnd, "&&", "`a && b`";
            BitOr, "|", "`a | b`"; BitXor, "^", "`a ^ b`"; BitAnd, "&", "`a & b`";
            Eq, "==", "`a == b`"; Ne, "!=", "`a != b`";
            Lt, "<", "`a < b`"; Le, "<=", "`a <= b`"; Gt, ">", "`a > b`"; Ge, ">=", "`a >= b`";
            Shl, "<<", "`a << b`"; Shr, ">>", "`a >> b`";
            Add, "+", "`a + b`"; Sub, "-", "`a - b`";
            Mul, "*", "`a * b`"; Div, "/", "`a / b`"; Rem, "%", "`a % b`";
        }
    };
}

macro_rules! define_ops { ($enum:ident; $($name:ident, $text:literal, $doc:literal;)*) => {
    /// Operators by meaning.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum $enum { $(#[doc = $doc] $name,)* }

    impl $enum {
        /// As it is written.
        pub fn text(self) -> &'static str {
            match self { $($enum::$name => $text,)* }
        }
    }
} }

for_each_unary_op!(define_ops);
for_each_binary_op!(define_ops);

// ---- types and declarations -------------------------------------------------------------------------------------

/// `const volatile restrict`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quals {
    /// `const`
    pub is_const: bool,
    /// `volatile`
    pub is_volatile: bool,
    /// `restrict`
    pub is_restrict: bool,
    /// `userland`: a user-space address behind this.
    pub is_userland: bool,
}

/// The base of a declaration: its specifiers without the storage class.
#[derive(Clone, Debug)]
pub struct TypeSpec {
    /// The type.
    pub kind: SpecKind,
    /// Its qualifiers.
    pub quals: Quals,
    /// All of it.
    pub span: Span,
}

/// What specifiers can name. Impossible combinations (`long struct s`) never get here.
#[derive(Clone, Debug)]
pub enum SpecKind {
    /// `void`
    Void,
    /// `char`; the sign where it was written.
    Char(Option<Sign>),
    /// The integers. Specifiers without a type (`self x;`, `unsigned y;`) are `int`.
    Int {
        /// How many bits.
        size: IntSize,
        /// The sign where it was written.
        sign: Option<Sign>,
    },
    /// `float`
    Float,
    /// `double`, `long double`
    Double {
        /// `long` was written.
        long: bool,
    },
    /// A typedef name, or a D type such as `string`.
    Named(Name),
    /// `struct …`, `union …`
    Record(RecordSpec),
    /// `enum …`
    Enum(EnumSpec),
}

/// `signed` or `unsigned`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `signed`
    Signed,
    /// `unsigned`
    Unsigned,
}

/// The integer types but `char`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSize {
    /// `short`
    Short,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `long long`
    LongLong,
}

/// A struct or union, named, defined, or both.
#[derive(Clone, Debug)]
pub struct RecordSpec {
    /// `union` (else `struct`).
    pub is_union: bool,
    /// Its tag; absent only where `members` is there.
    pub tag: Option<Name>,
    /// Its members, where braces were written. A member without declarators is an unnamed struct or union.
    pub members: Option<Vec<Members>>,
}

/// `type a, *b, c:3;` inside a struct.
#[derive(Clone, Debug)]
pub struct Members {
    /// Their common base.
    pub base: TypeSpec,
    /// The members.
    pub declarators: Vec<Declarator>,
    /// All of it.
    pub span: Span,
}

/// An enum, named, defined, or both.
#[derive(Clone, Debug)]
pub struct EnumSpec {
    /// Its tag; absent only where `enumerators` is there.
    pub tag: Option<Name>,
    /// Its enumerators, where braces were written.
    pub enumerators: Option<Vec<Enumerator>>,
}

/// `NAME` or `NAME = expr`
#[derive(Clone, Debug)]
pub struct Enumerator {
    /// The name.
    pub name: Ident,
    /// Its constant expression.
    pub value: Option<Expr>,
}

/// A declared name with what is wrapped around the base type.
#[derive(Clone, Debug)]
pub struct Declarator {
    /// `None` where the grammar allows it to be left out (parameters, unnamed bit-fields).
    pub name: Option<Ident>,
    /// To wrap around the base type, in this order.
    pub layers: Vec<Layer>,
    /// `: width` of a bit-field.
    pub bits: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// One step from a type to a type made of it.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The step.
    pub kind: LayerKind,
    /// The `*`, `[…]` or `(…)`.
    pub span: Span,
}

/// The steps.
#[derive(Clone, Debug)]
pub enum LayerKind {
    /// Pointer to; the qualifiers are the pointer's own.
    Pointer(Quals),
    /// Array of; `None` for `[]`.
    Array(Option<Box<Expr>>),
    /// D associative array of, keyed by these types (an inline array names its keys).
    Assoc(Vec<Param>),
    /// Function returning.
    Function(Params),
}

/// A parameter list. `(void)` is one unnamed parameter of type `void`; `()` is none.
#[derive(Clone, Debug)]
pub struct Params {
    /// In order.
    pub list: Vec<Param>,
    /// `...` came last.
    pub varargs: bool,
    /// With the parentheses.
    pub span: Span,
}

/// A parameter, or a key of an associative array.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its base.
    pub base: TypeSpec,
    /// Perhaps a name, and the layers.
    pub declarator: Declarator,
    /// All of it.
    pub span: Span,
}

/// A type in a cast, `sizeof`, `offsetof`, `xlate` or `translator`.
#[derive(Clone, Debug)]
pub struct TypeName {
    /// The base.
    pub base: TypeSpec,
    /// To wrap around it, in order.
    pub layers: Vec<Layer>,
    /// All of it.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub struct Decl {
    /// Its storage class, where one was written. Classes that D does not have never get here.
    pub storage: Option<Storage>,
    /// The common base.
    pub base: TypeSpec,
    /// What is declared; empty for `struct s { … };`
    pub declarators: Vec<Declarator>,
}

/// D's storage classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// `self`
    Thread,
    /// `this`
    Clause,
    /// `extern`
    Extern,
    /// `typedef`
    Typedef,
}

/// `inline type declarator = expr;`
#[derive(Clone, Debug)]
pub struct Inline {
    /// Type's base.
    pub base: TypeSpec,
    /// Name and layers; the outermost is `Assoc` for an inline array, and its params are named.
    pub declarator: Declarator,
    /// What it stands for.
    pub value: Expr,
}

/// `translator out < input > { member = expr; … };`
#[derive(Clone, Debug)]
pub struct Translator {
    /// The type made.
    pub output: TypeName,
    /// The type and name of what it is made from.
    pub input: Param,
    /// How each member is made.
    pub members: Vec<XlateMember>,
}

/// `member = expr;`
#[derive(Clone, Debug)]
pub struct XlateMember {
    /// Member of the output type.
    pub name: Ident,
    /// How it is made.
    pub value: Expr,
}

/// `provider name { probe …; };`
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name.
    pub name: Ident,
    /// Its probes.
    pub probes: Vec<ProviderProbe>,
}

/// `probe name(native) : (translated);`
#[derive(Clone, Debug)]
pub struct ProviderProbe {
    /// Its name as written (`__` stands for `-`).
    pub name: Ident,
    /// What the program passes.
    pub native: Params,
    /// What the script sees, where it differs.
    pub translated: Option<Params>,
}

// ---- pragmas ----------------------------------------------------------------------------------------------------

/// `#pragma D …`
#[derive(Clone, Debug)]
pub struct Pragma {
    /// What it asks.
    pub kind: PragmaKind,
    /// The whole line.
    pub span: Span,
}

/// The D pragmas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PragmaKind {
    /// `option name[=value]`
    Option {
        /// Its name.
        name: Ident,
        /// What stands after `=`.
        value: Option<String>,
    },
    /// `attributes N/D/C target`
    Attributes {
        /// The three attributes.
        attrs: Attributes,
        /// Whose they are.
        target: AttrTarget,
    },
    /// `binding "1.2" name`
    Binding {
        /// The version.
        version: Version,
        /// The identifier that is visible from this version on.
        name: Ident,
    },
    /// `depends_on provider|module|library name`
    DependsOn {
        /// On what kind of thing.
        kind: Dependency,
        /// Which.
        name: Ident,
    },
}

/// Whom an attributes pragma is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttrTarget {
    /// An identifier.
    Name(Name),
    /// `provider P part`
    Provider {
        /// The provider.
        provider: Ident,
        /// Which of its five rows.
        part: ProviderPart,
    },
}

/// A version as `#pragma D binding` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the first dot.
    pub major: u8,
    /// After it.
    pub minor: u16,
    /// After the second dot.
    pub micro: u16,
}

/// Attributes of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Stability of the name.
    pub name: Stability,
    /// Stability of the data.
    pub data: Stability,
    /// What it depends on.
    pub class: DepClass,
}

macro_rules! define_words { ($(#[$doc:meta])* $enum:ident { $($name:ident = $word:literal,)* }) => {
    $(#[$doc])*
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum $enum { $(#[doc = $word] $name,)* }

    impl $enum {
        /// The word for it.
        pub fn word(self) -> &'static str {
            match self { $($enum::$name => $word,)* }
        }

        /// What the word means; case does not matter.
        pub fn from_word(word: &str) -> Option<$enum> {
            [$(($word, $enum::$name),)*].into_iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, v)| v)
        }
    }
} }

define_words!(
    /// How stable an interface is, least stable first.
    Stability {
        Internal = "Internal", Private = "Private", Obsolete = "Obsolete", External = "External",
        Unstable = "Unstable", Evolving = "Evolving", Stable = "Stable", Standard = "Standard",
    }
);
define_words!(
    /// What an interface depends on, most dependent first.
    DepClass {
        Unknown = "Unknown", Cpu = "CPU", Platform = "Platform", Group = "Group", Isa = "ISA", Common = "Common",
    }
);
define_words!(
    /// What `depends_on` can name.
    Dependency { Provider = "provider", Module = "module", Library = "library", }
);
define_words!(
    /// The rows of a provider's attributes.
    ProviderPart {
        Provider = "provider", Module = "module", Function = "function", Name = "name", Args = "args",
    }
);
