//! No text makes the parser panic, overflow the stack, hang or fill memory.
//!
//! Seeded and small, so that every run is the same; the fuzz target over text goes further.

use std::time::{Duration, Instant};

use super::{InputKind, MacroArgs, ProbeFlag, dump, parse_with};

/// xorshift64*: good enough to pick tokens.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PROGRAMS: &[&str] = &[
    "#!/usr/sbin/dtrace -s\n#pragma D option quiet\n/* c */ syscall::read:entry, END /self->t && execname == \"cat\"/ { @a[pid, `x] = quantize(arg0); }",
    "typedef struct s { int a:3, *b; union { char c[4]; } u; } s_t; enum e { A, B = 1 << 2 };\nint m[string, s_t *]; self s_t *p;",
    "inline int f[int a] = a ? 1 : 2; translator psinfo_t < struct task_struct *T > { pr_pid = T->pid; };\nprovider p { probe x(int, char *) : (int); };",
    "BEGIN { if (a) { b = (foo_t *)c; } else if (sizeof (int) > 4) printf(\"%d\\n\", $1); else { x->y.z[1]++; } }\nEND / a / b / { this->v = 'ab' + 0x1fULL; }",
    "tick-1s { trace(xlate <psinfo_t> (curthread)->pr_pid); a = b ? c : d, e ^^= f; return(-1) }\n#line 7 \"x.h\"\n123 { offsetof(struct s, m); }",
];

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ",",
    ".",
    "->",
    "++",
    "--",
    "*",
    "&",
    "/",
    "//",
    "/*",
    "*/",
    "=",
    "==",
    "+=",
    "?",
    ":",
    "::",
    ":::",
    "<",
    ">",
    "<<",
    "!",
    "~",
    "^^",
    "||",
    "@",
    "@a",
    "$",
    "$1",
    "$$1",
    "$target",
    "$nosuch",
    "`",
    "m`x",
    "#",
    "\n#",
    "\n#pragma D option ",
    "\n#line 3\n",
    "\"",
    "'",
    "\"s\"",
    "'c'",
    "\\",
    "0",
    "08",
    "0x",
    "1.5",
    "99999999999999999999",
    "int",
    "struct",
    "union",
    "enum",
    "self",
    "this",
    "self->",
    "typedef",
    "extern",
    "static",
    "unsigned",
    "long",
    "string",
    "inline",
    "translator",
    "provider",
    "probe",
    "sizeof",
    "stringof",
    "offsetof",
    "xlate",
    "if",
    "else",
    "return",
    "while",
    "x",
    "foo_t",
    "size_t",
    "BEGIN",
    "BEGIN{",
    "tick-1s",
    "é",
    "\0",
    "\u{7f}",
    " ",
    "\n",
    "\t",
];

const KINDS: &[InputKind] = &[
    InputKind::Script,
    InputKind::Library,
    InputKind::Probe(ProbeFlag::Name),
    InputKind::Probe(ProbeFlag::Provider),
    InputKind::Probe(ProbeFlag::Id),
];

/// Parse, dump, render and drop; answer how many diagnostics there were.
fn survive(text: &str, kind: InputKind) -> usize {
    let macros = MacroArgs {
        args: vec!["-1".into()],
        argref: true,
        ..MacroArgs::default()
    };
    let (sources, ast, diags) = parse_with(text, kind, &macros);
    for d in &diags {
        assert!(!d.render(&sources, true).is_empty());
        assert!(d.text.len() < 1300);
    }
    let shown = dump::dump(&ast);
    assert!(diags.is_empty() || diags.len() <= super::MAX_DIAGS);
    assert!(!diags.is_empty() || !shown.contains("<error>"), "{text:?}");
    diags.len()
}

#[test]
fn token_soup() {
    let mut rng = Rng(0x5eed);
    for round in 0..20_000 {
        let n = rng.below(if round % 100 == 0 { 2000 } else { 40 });
        let mut text = String::from(if round % 2 == 0 { "BEGIN { " } else { "" });
        for _ in 0..n {
            text.push_str(rng.pick(TOKENS));
            text.push_str(rng.pick(&["", " "]));
        }
        survive(&text, KINDS[round % KINDS.len()]);
    }
}

#[test]
fn mutated_programs() {
    let mut rng = Rng(0xd7ace);
    for round in 0..20_000 {
        let mut text: Vec<char> = rng.pick(PROGRAMS).chars().collect();
        for _ in 0..=rng.below(6) {
            let (at, len) = (rng.below(text.len()), rng.below(12));
            let end = (at + len).min(text.len());
            match rng.below(4) {
                0 => drop(text.drain(at..end)),
                1 => {
                    let copy = text[at..end].to_vec();
                    let to = rng.below(text.len());
                    text.splice(to..to, copy);
                }
                2 => drop(text.splice(at..end, rng.pick(TOKENS).chars())),
                _ => text.truncate(at.max(1)),
            }
            if text.is_empty() {
                break;
            }
        }
        let text: String = text.into_iter().collect();
        survive(&text, KINDS[round % KINDS.len()]);
    }
}

/// Everything that can nest or go on, 20,000 times, on a thread with the stack that Rust's threads have.
#[test]
fn depth_is_bounded() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!(
            "BEGIN {{ {}{middle}{} }}",
            open.repeat(20_000),
            close.repeat(20_000)
        )
    };
    let mut texts = vec![
        deep("(", "a", ")"),
        deep("-", "a", ""),
        deep("!(", "a", ")"),
        deep("(int)", "a", ""),
        deep("(int(*", "a", ")"),
        deep("sizeof ", "a", ""),
        deep("f(", "a", ")"),
        deep("a[", "b", "]"),
        deep("a ? ", "b", ": c"),
        deep("a ? b : ", "c", ""),
        deep("a = ", "b", ""),
        deep("a + ", "b", ""),
        deep("(a + b * ", "c", ")"),
        deep("a, ", "b", ""),
        deep("a->", "b", ""),
        deep("a", "[1]", "[1]"),
        deep("if (a) ", "b;", ""),
        deep("if (a) { ", "b;", "}"),
        deep("if (a) b; else ", "c;", ""),
        deep("++", "a", "++"),
        deep("xlate <int> (", "a", ")"),
        deep("@[", "a", "]"),
        deep("(a||b^^c&&d|e^f&g==h<i<<j+k*", "a", ")"),
    ];
    texts.extend(
        [
            "int (",
            "int *",
            "struct { ",
            "int x[sizeof(int[",
            "int f(int (",
            "int a[int, int[",
            "enum { A = (",
        ]
        .map(|t| t.repeat(20_000)),
    );
    texts.push(format!("int x{};", "[1]".repeat(20_000)));
    texts.push(format!("int {}x;", "*".repeat(20_000)));
    let run = move || {
        for t in &texts {
            survive(t, InputKind::Script);
        }
    };
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

/// The deepest trees that are allowed: parsed, dumped and dropped on the same stack.
#[test]
fn allowed_depth_is_enough() {
    let table = "errno == 1 ? \"EPERM\" : ".repeat(500);
    assert_eq!(
        survive(&format!("BEGIN {{ s = {table}\"?\"; }}"), InputKind::Script),
        0
    );
    assert_eq!(
        survive(
            &format!("BEGIN {{ {}a{} }}", "(".repeat(100), ")".repeat(100)),
            InputKind::Script
        ),
        0
    );
    assert_eq!(
        survive(
            &format!("BEGIN {{ a{} }}", " + a".repeat(500)),
            InputKind::Script
        ),
        0
    );
    assert_eq!(
        survive(
            &format!("BEGIN {{ a{} }}", " + a".repeat(600)),
            InputKind::Script
        ),
        1
    );
    assert_eq!(
        survive(
            &format!("BEGIN {{ {} }}", "x;".repeat(50_000)),
            InputKind::Script
        ),
        0
    );
    assert_eq!(
        survive(&"BEGIN { x } ".repeat(20_000), InputKind::Script),
        0
    );
}

/// 128 KB of anything takes time in proportion to its length: tens of ms. Where the time
/// is quadratic it is minutes.
#[test]
fn time_is_linear() {
    let units = [
        "/* ",
        "/",
        "// ",
        "/*/",
        "#",
        "\n#",
        "\"",
        "'",
        "$1",
        "a b ",
        "a } ",
        "a; ",
        "int ",
        "(",
        "a/",
        "/ /**/ ",
        "\\\n",
        "\n",
        "a*b ",
        "(a*",
        "foo_t*",
        ":",
        "$",
        "@",
        "x,",
        "int x; ",
        "\n#pragma D option q\\",
        "BEGIN /a/ ",
        "(a)(",
        "*/",
        "1",
    ];
    for unit in units {
        for prefix in ["", "BEGIN { ", "int x[", "/* "] {
            let text = format!("{prefix}{}", unit.repeat((1 << 17) / unit.len()));
            // A machine may have no time for us: what is quadratic takes long each time.
            let took = |_| {
                let start = Instant::now();
                survive(&text, InputKind::Script);
                start.elapsed()
            };
            let quick = |t: &Duration| *t < Duration::from_secs(5);
            assert!((0..5).map(took).any(|t| quick(&t)), "{prefix}{unit:?}");
        }
    }
}
