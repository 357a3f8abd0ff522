//! Random D programs that are well typed, for tests of this and other crates: the compiler accepts them, so the kernel's
//! verifier has to, and the reference interpreter says what those of [`Kind::Compared`] print.
//!
//! A program is made of declarations (the same in each), clauses on BEGIN, and at the end `exit(0)`. All randomness comes
//! from `draw`, so that a seed names a program.

use std::fmt::Write;

use crate::builtin::{SUBRS, Status, SubrRow, Ty, VARS, VarType};
use crate::dif::Subr;

/// What a program is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each clause prints what it computes, and nothing that it uses differs from run to run.
    Compared,
    /// Anything that can be read and done where a program is only loaded and run: built-in variables, memory of the kernel and
    /// of processes, stacks, aggregations, other probes. `typed`: the kernel's types are known.
    Wild {
        /// Members of `curthread` can be named.
        typed: bool,
        /// There are probes of system calls.
        syscalls: bool,
    },
}

/// How much there is in a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Expressions in expressions, and strings of every length that programs have: the kernel's verifier has something to do.
    Full,
    /// Flat expressions and short strings, so that there is time for many.
    Small,
}

/// Where random numbers come from.
pub type Draw<'a> = &'a mut dyn FnMut() -> u64;

/// What every program declares. Names say what they hold.
const DECLARATIONS: &str = "\
enum color { RED, GREEN = 7, BLUE = -2 };
struct rec { char a; int b; unsigned short c : 5; short e : 9; int64_t d; };
char g_c; unsigned char g_uc; short g_s; unsigned short g_us; int g_i; unsigned int g_ui; int64_t g_l; uint64_t g_ul;
string g_str; struct rec g_rec;
self int s_i; self uint16_t s_us; self int64_t s_l; self string s_str;
this int8_t t_c; this int t_i; this uint64_t t_ul; this string t_str; this struct rec t_rec;
int m_i[int]; int64_t m_si[string, int]; string m_str[int64_t]; self int ms_i[char]; self string ms_str[string];
inline int in_k = 40 + 2;
inline int64_t in_f[int k, int64_t l] = k * 3 + l;
inline string in_s[string s] = strjoin(s, \"+\");
";

const INTS: &[&str] = &[
    "g_c",
    "g_uc",
    "g_s",
    "g_us",
    "g_i",
    "g_ui",
    "g_l",
    "g_ul",
    "self->s_i",
    "self->s_us",
    "self->s_l",
    "this->t_c",
    "this->t_i",
    "this->t_ul",
    "g_rec.a",
    "g_rec.b",
    "g_rec.c",
    "g_rec.d",
    "g_rec.e",
    "this->t_rec.a",
    "this->t_rec.b",
    "this->t_rec.c",
    "this->t_rec.d",
    "this->t_rec.e",
];
const STRINGS: &[&str] = &["g_str", "self->s_str", "this->t_str"];
const TYPES: &[&str] = &[
    "char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "long long",
    "int8_t",
    "uint8_t",
    "int16_t",
    "uint16_t",
    "int32_t",
    "uint32_t",
    "int64_t",
    "uint64_t",
    "enum color",
];
const CONSTANTS: &[&str] = &[
    "0",
    "1",
    "2",
    "7",
    "8",
    "31",
    "63",
    "64",
    "127",
    "128",
    "255",
    "256",
    "0x7fff",
    "0xffff",
    "2147483647",
    "0x80000000",
    "0xffffffff",
    "4294967296",
    "0x7fffffffffffffff",
    "0xffffffffffffffff",
    "1U",
    "3L",
    "5UL",
    "'a'",
    "'\\n'",
    "017",
    "RED",
    "GREEN",
    "BLUE",
    "in_k",
    "sizeof (int)",
    "sizeof (struct rec)",
    "offsetof(struct rec, d)",
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "abc",
    "b",
    "/",
    "/usr/lib/",
    "/a//b/./c/../d",
    "hello world",
    "-42",
    "0x1fz",
    " 77",
    "ABCxyz",
    "a,b;c",
    ",;",
    "aXbXXc",
    "3.14",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];
/// Built-in variables that are found by way of the kernel's types.
const OF_TYPES: &[&str] = &[
    "vtimestamp",
    "ppid",
    "caller",
    "ucaller",
    "stackdepth",
    "ustackdepth",
];
/// Subroutines whose results depend on nothing but their arguments.
const PURE: &[Subr] = crate::dif::generate::Cfg::SUBRS;

/// A program of so many clauses, the last one not counted.
pub fn program(draw: Draw, clauses: usize, kind: Kind, size: Size) -> String {
    let (deepest, statements) = match size {
        Size::Full => (u32::MAX, 3),
        Size::Small => (1, 2),
    };
    let mut g = Gen {
        draw,
        kind,
        deepest,
        lines: 0,
    };
    let mut out = match g.below(4) {
        _ if size == Size::Small => "#pragma D option strsize=32\n".to_owned(),
        0 => "#pragma D option strsize=64\n".to_owned(),
        1 => "#pragma D option strsize=32\n".to_owned(),
        _ => String::new(),
    };
    out += DECLARATIONS;
    if kind == Kind::Compared {
        out += "ERROR { printf(\"fault %d at %d\\n\", arg4, arg3); }\n";
    }
    for _ in 0..clauses {
        let probe = match (kind, g.below(8)) {
            (Kind::Wild { syscalls: true, .. }, 0) => "syscall::read:entry",
            (Kind::Wild { syscalls: true, .. }, 1) => "syscall::write:return",
            _ => "BEGIN",
        };
        out += probe;
        if g.one_in(4) {
            let _ = write!(out, "\n/{}/", g.int(2));
        }
        out += "\n{\n";
        for _ in 0..g.below(statements) {
            g.statement(&mut out, 1);
        }
        // No clause is empty in the end: the default action would print.
        g.show(&mut out, 1);
        out += "}\n";
    }
    // What aggregations hold is for the tests of aggregations.
    out += "BEGIN { exit(0); }\n";
    if kind != Kind::Compared {
        for name in ["@a", "@s", "@q", "@l"] {
            // What is nowhere assigned can't be named.
            if out.contains(&format!("{name}[")) || out.contains(&format!("{name} = ")) {
                let _ = writeln!(out, "END {{ trunc({name}); }}");
            }
        }
    }
    out
}

struct Gen<'a> {
    draw: Draw<'a>,
    kind: Kind,
    /// Expressions in expressions, at the most.
    deepest: u32,
    lines: u32,
}

impl Gen<'_> {
    fn below(&mut self, n: u64) -> u64 {
        (self.draw)() % n.max(1)
    }

    fn is_typed(&self) -> bool {
        matches!(self.kind, Kind::Wild { typed: true, .. })
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        let n = self.below(from.len() as u64) as usize;
        from.get(n).copied().unwrap_or("")
    }

    fn statement(&mut self, out: &mut String, depth: u32) {
        let indent = "\t".repeat(depth as usize);
        match self.below(12) {
            0 | 1 => {
                let (to, value) = (self.pick(INTS), self.int(3));
                let _ = writeln!(out, "{indent}{to} = {value};");
            }
            2 => {
                let (to, op) = (
                    self.pick(INTS),
                    self.pick(&["+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="]),
                );
                let _ = writeln!(out, "{indent}{to} {op} {};", self.int(2));
            }
            3 => {
                let (to, op) = (self.pick(INTS), self.pick(&["/=", "%="]));
                let _ = writeln!(out, "{indent}{to} {op} {} | 1;", self.int(2));
            }
            4 => {
                let to = self.pick(INTS);
                let form = self.pick(&["#++", "++#", "#--", "--#"]);
                let _ = writeln!(out, "{indent}{};", form.replace('#', to));
            }
            5 | 6 => {
                let (to, value) = (self.pick(STRINGS), self.str(2));
                let _ = writeln!(out, "{indent}{to} = {value};");
            }
            7 => {
                let (to, value) = (self.int_element(), self.int(2));
                let _ = writeln!(out, "{indent}{to} = {value};");
            }
            8 => {
                let (to, value) = (self.str_element(), self.str(2));
                let _ = writeln!(out, "{indent}{to} = {value};");
            }
            9 => {
                let copy = self.pick(&["g_rec = this->t_rec", "this->t_rec = g_rec"]);
                let _ = writeln!(out, "{indent}{copy};");
            }
            10 if depth < 3 => {
                let _ = writeln!(out, "{indent}if ({}) {{", self.int(2));
                self.statement(out, depth + 1);
                if self.one_in(2) {
                    let _ = writeln!(out, "{indent}}} else {{");
                    self.statement(out, depth + 1);
                }
                let _ = writeln!(out, "{indent}}}");
            }
            _ => self.show(out, depth),
        }
    }

    /// A statement that shows something.
    fn show(&mut self, out: &mut String, depth: u32) {
        let indent = "\t".repeat(depth as usize);
        if let Kind::Wild { .. } = self.kind {
            let text = match self.below(8) {
                0 => format!("@a[{}, {}] = count()", self.str(1), self.int(2)),
                1 => format!("@s[stack(3), {}] = sum({})", self.int(1), self.int(2)),
                2 => format!(
                    "@q[{}] = quantize({}, {})",
                    self.int(1),
                    self.int(2),
                    self.int(1)
                ),
                3 => format!("@l = lquantize({}, -100, 1000, 50)", self.int(2)),
                4 => format!("trace({})", self.int(2)),
                5 => format!(
                    "printf(\"%s %x %a\\n\", {}, {}, {})",
                    self.str(2),
                    self.int(1),
                    self.int(1)
                ),
                6 => "ustack(4)".to_owned(),
                _ => format!("trace({})", self.str(2)),
            };
            let _ = writeln!(out, "{indent}{text};");
            return;
        }
        self.lines += 1;
        let n = self.lines;
        // One size for all integers: how other sizes are printed is for the tests of printf.
        let _ = match self.below(3) {
            0 => writeln!(out, "{indent}printf(\"{n} %s.\\n\", {});", self.str(2)),
            1 => writeln!(
                out,
                "{indent}printf(\"{n} %d %s.\\n\", (int64_t){}, {});",
                self.int(2),
                self.str(1)
            ),
            _ => writeln!(
                out,
                "{indent}printf(\"{n} %d\\n\", (int64_t){});",
                self.int(3)
            ),
        };
    }

    fn int_element(&mut self) -> String {
        match self.below(3) {
            0 => format!("m_i[{}]", self.int(1)),
            1 => format!("m_si[{}, {}]", self.str(1), self.int(1)),
            _ => format!("self->ms_i[{}]", self.int(1)),
        }
    }

    fn str_element(&mut self) -> String {
        match self.below(2) {
            0 => format!("m_str[{}]", self.int(1)),
            _ => format!("self->ms_str[{}]", self.str(1)),
        }
    }

    /// An integer, in parentheses where it is more than a word.
    fn int(&mut self, depth: u32) -> String {
        if depth == 0 || self.one_in(5) {
            return match self.below(8) {
                0..=3 => self.pick(INTS).to_owned(),
                4 => format!("({})", self.below(2000) as i64 - 1000),
                5 if self.kind != Kind::Compared => self.wild_int(),
                _ => self.pick(CONSTANTS).to_owned(),
            };
        }
        let d = depth.min(self.deepest) - 1;
        match self.below(21) {
            0..=4 => {
                let (a, op, b) = (
                    self.int(d),
                    self.pick(&["+", "-", "*", "&", "|", "^"]),
                    self.int(d),
                );
                format!("({a} {op} {b})")
            }
            5 => {
                let (a, op, b) = (self.int(d), self.pick(&["<<", ">>"]), self.int(d));
                let mask = self.pick(&["", " & 63", " & 31", " & 7"]);
                format!("({a} {op} ({b}{mask}))")
            }
            6 => {
                let (a, op, b) = (self.int(d), self.pick(&["/", "%"]), self.int(d));
                format!("({a} {op} ({b} | 1))")
            }
            7 if self.one_in(3) => {
                // Perhaps by zero, which only a variable may be.
                let (a, op, b) = (self.int(d), self.pick(&["/", "%"]), self.pick(INTS));
                format!("({a} {op} {b})")
            }
            7..=9 => {
                let (a, b) = (self.int(d), self.int(d));
                let op = self.pick(&["<", "<=", ">", ">=", "==", "!=", "&&", "||", "^^"]);
                format!("({a} {op} {b})")
            }
            10 => {
                let op = self.pick(&["!", "~", "-", "+"]);
                format!("({op} {})", self.int(d))
            }
            11 => format!("({} ? {} : {})", self.int(d), self.int(d), self.int(d)),
            12 | 13 => {
                let ty = self.pick(TYPES);
                format!("(({ty}){})", self.int(d))
            }
            14 => {
                let (a, b) = (self.str(d), self.str(d));
                let op = self.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({a} {op} {b})")
            }
            15 | 16 => self.call(d, |ty| !matches!(ty, Ty::String | Ty::VoidPtr | Ty::Void)),
            17 => self.int_element(),
            18 => {
                let to = self.pick(INTS);
                match self.below(3) {
                    0 => format!("({to} = {})", self.int(d)),
                    1 => format!("({to}++)"),
                    _ => format!("(--{to})"),
                }
            }
            19 => format!("in_f[{}, {}]", self.int(d), self.int(d)),
            _ if self.kind != Kind::Compared => self.wild_int(),
            _ => format!("({}, {})", self.int(d), self.int(d)),
        }
    }

    fn str(&mut self, depth: u32) -> String {
        if depth == 0 || self.one_in(5) {
            return match self.below(5) {
                0 | 1 => self.pick(STRINGS).to_owned(),
                2 => self.pick(&["probename", "probeprov"]).to_owned(),
                _ => format!("\"{}\"", self.pick(TEXTS)),
            };
        }
        let d = depth.min(self.deepest) - 1;
        match self.below(9) {
            // What loops over strings is what takes the kernel's verifier long.
            0..=2 => self.call(d, |ty| ty == Ty::String),
            3 | 4 => self.pick(STRINGS).to_owned(),
            5 => format!("({} ? {} : {})", self.int(d), self.str(d), self.str(d)),
            // Mostly NULL, which few uses survive.
            6 if self.one_in(3) => self.str_element(),
            7 if self.kind != Kind::Compared => {
                let typed = self.is_typed();
                if typed && self.one_in(2) {
                    return "stringof(curthread->comm)".to_owned();
                }
                format!("copyinstr({})", self.int(d))
            }
            7 => format!("in_s[{}]", self.str(d)),
            _ => format!("({} = {})", self.pick(STRINGS), self.str(d)),
        }
    }

    /// A call of a subroutine with such a result.
    fn call(&mut self, depth: u32, fits: fn(Ty) -> bool) -> String {
        let rows: Vec<&SubrRow> = SUBRS
            .iter()
            .filter(|r| r.status == Status::Ready && PURE.contains(&r.subr) && fits(r.ret))
            .collect();
        let n = self.below(rows.len() as u64) as usize;
        let Some(row) = rows.get(n) else {
            return "0".to_owned();
        };
        let optional = self.below((row.args.len() - row.required) as u64 + 1) as usize;
        let count = row.required + optional;
        let args: Vec<String> = row
            .args
            .iter()
            .take(count)
            .enumerate()
            .map(|(n, ty)| match ty {
                Ty::CharPtr if row.subr == Subr::Strtok && n == 0 && self.one_in(2) => {
                    "NULL".to_owned()
                }
                Ty::CharPtr => self.str(depth),
                Ty::VoidPtr | Ty::Ipv4Ptr | Ty::Ipv6Ptr | Ty::PathPtr | Ty::LockPtr => {
                    "alloca(16)".to_owned()
                }
                // No more than there is: what lies behind it differs from engine to engine.
                _ if row.subr == Subr::Memstr && n == 2 => {
                    self.pick(&["0", "1", "7", "16"]).to_owned()
                }
                // A base.
                _ if matches!(row.subr, Subr::Lltostr | Subr::Strtoll) && n == 1 => {
                    self.pick(&["10", "16", "2", "8", "36", "g_c"]).to_owned()
                }
                _ => self.int(depth),
            })
            .collect();
        format!("{}({})", row.subr.name(), args.join(", "))
    }

    /// What differs from run to run.
    fn wild_int(&mut self) -> String {
        let typed = self.is_typed();
        match self.below(6) {
            0 => "rand()".to_owned(),
            1 if typed => self
                .pick(&[
                    "curthread->pid",
                    "curthread->real_parent->tgid",
                    "curthread->flags",
                ])
                .to_owned(),
            2 => {
                let ty = self.pick(&["char", "int", "uint64_t"]);
                format!("(*({ty} *)copyin({}, 8))", self.int(1))
            }
            3 => {
                let ty = self.pick(&["char", "unsigned short", "int", "int64_t"]);
                format!("(*({ty} *){})", self.int(1))
            }
            _ => {
                let names: Vec<&str> = VARS
                    .iter()
                    .filter(|r| {
                        r.status == Status::Ready
                            && matches!(r.ty, VarType::Named(t) if t != "string")
                    })
                    .map(|r| r.var.name())
                    // Not in every probe.
                    .filter(|n| *n != "errno")
                    .filter(|n| typed || !OF_TYPES.contains(n))
                    .collect();
                format!("((int64_t){})", self.pick(&names))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dif::testing::splitmix;

    #[test]
    fn generated_programs_compile() {
        for seed in 0..200 {
            for (kind, size) in [
                (Kind::Compared, Size::Full),
                (Kind::Compared, Size::Small),
                (
                    Kind::Wild {
                        typed: false,
                        syscalls: true,
                    },
                    Size::Full,
                ),
            ] {
                let text = program(&mut splitmix(seed), 12, kind, size);
                let (sources, program, diags) = crate::compile_str(&text);
                let shown: String = diags.iter().map(|d| d.render(&sources, true)).collect();
                assert!(
                    diags.is_empty(),
                    "seed {seed}, {kind:?}, {size:?}:\n{shown}{text}"
                );
                assert!(program.clauses.len() > 12);
            }
        }
    }
}
