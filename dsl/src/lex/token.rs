//! Tokens: the closed sets of keywords and punctuators, each listed once.

use crate::ast::IntLit;
use crate::diag::Tag;
use crate::source::Span;

macro_rules! define_keywords { ($($name:ident $text:literal,)*) => {
    /// Words that cannot name variables. Some are reserved without a use in the grammar.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Kw { $($name,)* }

    impl Kw {
        pub(crate) fn from_word(word: &str) -> Option<Kw> {
            match word { $($text => Some(Kw::$name),)* _ => None }
        }

        pub(crate) fn text(self) -> &'static str {
            match self { $(Kw::$name => $text,)* }
        }
    }
} }

define_keywords! {
    Auto "auto", Break "break", Case "case", Char "char", Const "const", Continue "continue", Counter "counter",
    Default "default", Do "do", Double "double", Else "else", Enum "enum", Extern "extern", Float "float", For "for",
    Goto "goto", If "if", Import "import", Inline "inline", Int "int", Long "long", Offsetof "offsetof",
    Probe "probe", Provider "provider", Register "register", Restrict "restrict", Return "return", This "this",
    Self_ "self", Short "short", Signed "signed", Sizeof "sizeof", Static "static", String "string",
    Stringof "stringof", Struct "struct", Switch "switch", Translator "translator", Typedef "typedef",
    Union "union", Unsigned "unsigned", Userland "userland", Void "void", Volatile "volatile", While "while",
    Xlate "xlate",
}

impl Kw {
    /// `struct`, `union`, `enum`: braces may follow.
    pub(crate) fn is_tagged(self) -> bool {
        matches!(self, Kw::Struct | Kw::Union | Kw::Enum)
    }

    /// What a person who wrote this word in a clause has to know.
    pub(crate) fn why_not(self) -> Option<&'static str> {
        use Kw::*;
        match self {
            Break | Case | Continue | Default | Do | For | Goto | Switch | While => {
                Some("D has no loops and no jumps: every program ends")
            }
            _ if self.begins_type() => {
                Some("declarations stand outside clauses; assignment declares a variable, too")
            }
            _ => None,
        }
    }

    /// Begins the specifiers of a type.
    pub(crate) fn begins_type(self) -> bool {
        use Kw::*;
        self.is_tagged()
            || matches!(
                self,
                Char | Const
                    | Double
                    | Float
                    | Int
                    | Long
                    | Restrict
                    | Short
                    | Signed
                    | String
                    | Unsigned
                    | Userland
                    | Void
                    | Volatile
            )
    }

    /// Begins a declaration: a type or a storage class, even one that D rejects.
    pub(crate) fn begins_declaration(self) -> bool {
        use Kw::*;
        self.begins_type()
            || matches!(
                self,
                Auto | Extern | Register | Self_ | Static | This | Typedef
            )
    }
}

macro_rules! define_puncts { ($($name:ident $text:literal,)*) => {
    /// Punctuators, by their names in speech.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum P { $($name,)* }

    /// Every punctuator with its text, longest first: the first that fits is the token.
    pub(crate) const PUNCTS: &[(&str, P)] = &[$(($text, P::$name),)*];

    impl P {
        pub(crate) fn text(self) -> &'static str {
            match self { $(P::$name => $text,)* }
        }
    }
} }

define_puncts! {
    Ellipsis "...", ShlEq "<<=", ShrEq ">>=",
    Arrow "->", Inc "++", Dec "--", Shl "<<", Shr ">>", Le "<=", Ge ">=", EqEq "==", Ne "!=",
    AndAnd "&&", OrOr "||", XorXor "^^",
    PlusEq "+=", MinusEq "-=", StarEq "*=", SlashEq "/=", PercentEq "%=", AndEq "&=", XorEq "^=", OrEq "|=",
    LBrace "{", RBrace "}", LParen "(", RParen ")", LBracket "[", RBracket "]",
    Semi ";", Comma ",", Dot ".", Question "?", Colon ":", Eq "=", Lt "<", Gt ">",
    Plus "+", Minus "-", Star "*", Slash "/", Percent "%", Amp "&", Caret "^", Pipe "|", Bang "!", Tilde "~",
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    /// A name, perhaps with backticks in it.
    Ident(String),
    Kw(Kw),
    /// `@name`; the bare `@` is `_`.
    Agg(String),
    Int(IntLit),
    /// A macro argument such as `-5`: the magnitude.
    NegInt(IntLit),
    Char(i64),
    Str(Vec<u8>),
    Punct(P),
    /// The `/` that ends a predicate.
    PredEnd,
    /// A control line, `#` to the end; the span says where.
    Directive,
    /// Not a token: why.
    Bad(Tag, String),
    Eof,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) span: Span,
}

impl Token {
    pub(crate) fn is(&self, p: P) -> bool {
        self.tok == Tok::Punct(p)
    }

    pub(crate) fn is_kw(&self, k: Kw) -> bool {
        self.tok == Tok::Kw(k)
    }
}
