//! The tree as one line of text per item: what tests compare and `-x tree` prints.
//!
//! S-expressions in D's own words: `(+ a (* b c))`, `(-> self x)`, `(index a i)`. Types read from the name outward:
//! `int *a[4]` is `a: array 4 of ptr to int`.

use std::fmt::Write;

use crate::ast::*;

/// The whole tree, one line per item and pragma, pragmas last.
pub fn dump(ast: &Ast) -> String {
    let mut d = Dump { out: String::new() };
    for i in &ast.items {
        d.item(&i.kind);
        d.out.push('\n');
    }
    for p in &ast.pragmas {
        let _ = writeln!(d.out, "(pragma {})", pragma(&p.kind));
    }
    d.out
}

/// One expression.
pub fn dump_expr(e: &Expr) -> String {
    let mut d = Dump { out: String::new() };
    d.expr(e);
    d.out
}

struct Dump {
    out: String,
}

fn scoped(n: &Name) -> String {
    match &n.scope {
        Some(s) => format!("{s}`{}", n.name),
        None => n.name.clone(),
    }
}

fn pragma(k: &PragmaKind) -> String {
    match k {
        PragmaKind::Option { name, value } => match value {
            Some(v) => format!("option {}={v}", name.name),
            None => format!("option {}", name.name),
        },
        PragmaKind::Attributes { attrs, target } => {
            let a = format!(
                "{}/{}/{}",
                attrs.name.word(),
                attrs.data.word(),
                attrs.class.word()
            );
            match target {
                AttrTarget::Name(n) => format!("attributes {a} {}", scoped(n)),
                AttrTarget::Provider { provider, part } => {
                    format!("attributes {a} provider {} {}", provider.name, part.word())
                }
            }
        }
        PragmaKind::Binding { version: v, name } => {
            format!("binding {}.{}.{} {}", v.major, v.minor, v.micro, name.name)
        }
        PragmaKind::DependsOn { kind, name } => format!("depends_on {} {}", kind.word(), name.name),
    }
}

impl Dump {
    fn word(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn item(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::Clause(c) => self.clause(c),
            ItemKind::Decl(d) => {
                self.word("(decl");
                self.word(match d.storage {
                    None => "",
                    Some(Storage::Thread) => " self",
                    Some(Storage::Clause) => " this",
                    Some(Storage::Extern) => " extern",
                    Some(Storage::Typedef) => " typedef",
                });
                if d.declarators.is_empty() {
                    self.word(" ");
                    self.spec(&d.base);
                }
                for x in &d.declarators {
                    self.word(" ");
                    self.declarator(&d.base, x);
                }
                self.word(")");
            }
            ItemKind::Inline(i) => {
                self.word("(inline ");
                self.declarator(&i.base, &i.declarator);
                self.word(" = ");
                self.expr(&i.value);
                self.word(")");
            }
            ItemKind::Translator(t) => {
                self.word("(translator ");
                self.type_name(&t.output);
                self.word(" < ");
                self.declarator(&t.input.base, &t.input.declarator);
                for m in &t.members {
                    let _ = write!(self.out, " ({} ", m.name.name);
                    self.expr(&m.value);
                    self.word(")");
                }
                self.word(")");
            }
            ItemKind::Provider(p) => {
                let _ = write!(self.out, "(provider {}", p.name.name);
                for probe in &p.probes {
                    let _ = write!(self.out, " ({} ", probe.name.name);
                    self.params(&probe.native);
                    if let Some(t) = &probe.translated {
                        self.word(" : ");
                        self.params(t);
                    }
                    self.word(")");
                }
                self.word(")");
            }
        }
    }

    fn clause(&mut self, c: &Clause) {
        self.word("(clause");
        for p in &c.probes {
            match &p.kind {
                ProbeKind::Id(n) => {
                    let _ = write!(self.out, " #{n}");
                }
                ProbeKind::Fields {
                    provider,
                    module,
                    function,
                    name,
                } => {
                    let f = [provider, module, function, name].map(|f| f.text.as_str());
                    let _ = write!(self.out, " {}", f.join(":"));
                }
            }
        }
        if let Some(p) = &c.predicate {
            self.word(" /");
            self.expr(p);
            self.word("/");
        }
        if let Some(b) = &c.body {
            self.word(" ");
            self.block(b);
        }
        self.word(")");
    }

    fn block(&mut self, stmts: &[Stmt]) {
        self.word("{");
        for (i, s) in stmts.iter().enumerate() {
            self.word(if i == 0 { "" } else { " " });
            match &s.kind {
                StmtKind::Empty => self.word(";"),
                StmtKind::Expr(e) => self.expr(e),
                StmtKind::If {
                    cond,
                    then,
                    otherwise,
                } => {
                    self.word("(if ");
                    self.expr(cond);
                    self.word(" ");
                    self.block(then);
                    if let Some(o) = otherwise {
                        self.word(" ");
                        self.block(o);
                    }
                    self.word(")");
                }
            }
        }
        self.word("}");
    }

    fn list(&mut self, exprs: &[Expr]) {
        for e in exprs {
            self.word(" ");
            self.expr(e);
        }
    }

    fn form(&mut self, head: &str, exprs: &[&Expr]) {
        let _ = write!(self.out, "({head}");
        for e in exprs {
            self.word(" ");
            self.expr(e);
        }
        self.word(")");
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Int(i) => {
                let _ = match i.radix {
                    Radix::Decimal => write!(self.out, "{}", i.value),
                    Radix::Hex => write!(self.out, "{:#x}", i.value),
                    Radix::Octal => write!(self.out, "0{:o}", i.value),
                };
                self.word(if i.unsigned { "u" } else { "" });
                self.word(&"l".repeat(usize::from(i.longs)));
            }
            ExprKind::Char(c) => {
                let _ = write!(self.out, "'{c}'");
            }
            ExprKind::Str(s) => {
                let _ = write!(self.out, "\"{}\"", s.escape_ascii());
            }
            ExprKind::Name(n) => self.word(&scoped(n)),
            ExprKind::Scoped { scope, name } => {
                let scope = if *scope == VarScope::Thread {
                    "self"
                } else {
                    "this"
                };
                let _ = write!(self.out, "{scope}->{}", name.name);
            }
            ExprKind::Agg { name, keys } => {
                let _ = write!(self.out, "@{}", name.name);
                if let Some(keys) = keys {
                    self.word("[");
                    for (i, k) in keys.iter().enumerate() {
                        self.word(if i == 0 { "" } else { ", " });
                        self.expr(k);
                    }
                    self.word("]");
                }
            }
            ExprKind::Unary(op, x) => self.form(op.text(), &[x]),
            ExprKind::IncDec {
                inc,
                prefix,
                operand,
            } => {
                let op = if *inc { "++" } else { "--" };
                self.form(
                    &if *prefix {
                        format!("pre{op}")
                    } else {
                        format!("post{op}")
                    },
                    &[operand],
                );
            }
            ExprKind::Binary(op, a, b) => self.form(op.text(), &[a, b]),
            ExprKind::Assign { op, lhs, rhs } => {
                self.form(&format!("{}=", op.map_or("", BinaryOp::text)), &[lhs, rhs]);
            }
            ExprKind::Ternary { cond, yes, no } => self.form("?", &[cond, yes, no]),
            ExprKind::Comma(a, b) => self.form(",", &[a, b]),
            ExprKind::Call { func, args } => {
                let _ = write!(self.out, "(call {}", scoped(func));
                self.list(args);
                self.word(")");
            }
            ExprKind::Index { base, keys } => {
                self.word("(index ");
                self.expr(base);
                self.list(keys);
                self.word(")");
            }
            ExprKind::Member {
                base,
                arrow,
                member,
            } => {
                self.word(if *arrow { "(-> " } else { "(. " });
                self.expr(base);
                let _ = write!(self.out, " {})", member.name);
            }
            ExprKind::Cast { ty, operand } => {
                self.word("(cast ");
                self.type_name(ty);
                self.word(" ");
                self.expr(operand);
                self.word(")");
            }
            ExprKind::SizeofType(ty) => {
                self.word("(sizeof-type ");
                self.type_name(ty);
                self.word(")");
            }
            ExprKind::SizeofExpr(x) => self.form("sizeof", &[x]),
            ExprKind::Stringof(x) => self.form("stringof", &[x]),
            ExprKind::Offsetof { ty, member } => {
                self.word("(offsetof ");
                self.type_name(ty);
                let _ = write!(self.out, " {})", member.name);
            }
            ExprKind::Xlate { ty, operand } => {
                self.word("(xlate ");
                self.type_name(ty);
                self.word(" ");
                self.expr(operand);
                self.word(")");
            }
            ExprKind::Error => self.word("<error>"),
        }
    }

    fn quals(&mut self, q: Quals) {
        let words = [
            (q.is_const, "const "),
            (q.is_volatile, "volatile "),
            (q.is_restrict, "restrict "),
            (q.is_userland, "userland "),
        ];
        for (_, w) in words.iter().filter(|(on, _)| *on) {
            self.word(w);
        }
    }

    fn spec(&mut self, s: &TypeSpec) {
        self.quals(s.quals);
        let sign = |s: &Option<Sign>| match s {
            None => "",
            Some(Sign::Signed) => "signed ",
            Some(Sign::Unsigned) => "unsigned ",
        };
        match &s.kind {
            SpecKind::Void => self.word("void"),
            SpecKind::Char(s) => {
                let _ = write!(self.out, "{}char", sign(s));
            }
            SpecKind::Int { size, sign: s } => {
                let size = match size {
                    IntSize::Short => "short",
                    IntSize::Int => "int",
                    IntSize::Long => "long",
                    IntSize::LongLong => "long long",
                };
                let _ = write!(self.out, "{}{size}", sign(s));
            }
            SpecKind::Float => self.word("float"),
            SpecKind::Double { long } => self.word(if *long { "long double" } else { "double" }),
            SpecKind::Named(n) => self.word(&scoped(n)),
            SpecKind::Record(r) => {
                self.word(if r.is_union { "union" } else { "struct" });
                if let Some(t) = &r.tag {
                    let _ = write!(self.out, " {}", scoped(t));
                }
                if let Some(members) = &r.members {
                    self.word(" {");
                    for (i, m) in members.iter().enumerate() {
                        self.word(if i == 0 { "" } else { "; " });
                        if m.declarators.is_empty() {
                            self.spec(&m.base);
                        }
                        for (j, d) in m.declarators.iter().enumerate() {
                            self.word(if j == 0 { "" } else { ", " });
                            self.declarator(&m.base, d);
                        }
                    }
                    self.word("}");
                }
            }
            SpecKind::Enum(e) => {
                self.word("enum");
                if let Some(t) = &e.tag {
                    let _ = write!(self.out, " {}", scoped(t));
                }
                if let Some(list) = &e.enumerators {
                    self.word(" {");
                    for (i, x) in list.iter().enumerate() {
                        self.word(if i == 0 { "" } else { ", " });
                        self.word(&x.name.name);
                        if let Some(v) = &x.value {
                            self.word(" = ");
                            self.expr(v);
                        }
                    }
                    self.word("}");
                }
            }
        }
    }

    fn declarator(&mut self, base: &TypeSpec, d: &Declarator) {
        if let Some(n) = &d.name {
            let _ = write!(self.out, "{}: ", n.name);
        }
        self.layers(base, &d.layers);
        if let Some(b) = &d.bits {
            self.word(" bits ");
            self.expr(b);
        }
    }

    fn layers(&mut self, base: &TypeSpec, layers: &[Layer]) {
        for l in layers.iter().rev() {
            match &l.kind {
                LayerKind::Pointer(q) => {
                    self.quals(*q);
                    self.word("ptr to ");
                }
                LayerKind::Array(None) => self.word("array of "),
                LayerKind::Array(Some(n)) => {
                    self.word("array ");
                    self.expr(n);
                    self.word(" of ");
                }
                LayerKind::Assoc(keys) => {
                    self.word("assoc [");
                    for (i, k) in keys.iter().enumerate() {
                        self.word(if i == 0 { "" } else { ", " });
                        self.declarator(&k.base, &k.declarator);
                    }
                    self.word("] of ");
                }
                LayerKind::Function(p) => {
                    self.word("fn ");
                    self.params(p);
                    self.word(" returning ");
                }
            }
        }
        self.spec(base);
    }

    fn params(&mut self, p: &Params) {
        self.word("(");
        for (i, x) in p.list.iter().enumerate() {
            self.word(if i == 0 { "" } else { ", " });
            self.declarator(&x.base, &x.declarator);
        }
        if p.varargs {
            self.word(if p.list.is_empty() { "..." } else { ", ..." });
        }
        self.word(")");
    }

    fn type_name(&mut self, t: &TypeName) {
        self.word("<");
        self.layers(&t.base, &t.layers);
        self.word(">");
    }
}
