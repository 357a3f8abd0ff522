//! D programs compiled and run in the reference interpreter: what they compute is compared, not how.

use super::*;
use crate::dif::BuiltinVar;
use crate::dif::interp::{self, State};
use crate::dif::testing::FixedWorld;
use crate::program::{Datum, Program, Stmt, StmtKind};
use crate::{CompileOpts, compile_with};

/// Kernel memory of the tests' world.
const MEM: u64 = 0xffff_8000_0000_1000;
const STRSIZE: u32 = 64;

fn world() -> FixedWorld {
    let mut w = FixedWorld::new();
    let mut block = vec![0u8; 256];
    block[..8].copy_from_slice(&0x8877_6655_4433_22f1u64.to_le_bytes());
    block[8..12].copy_from_slice(&(-5i32).to_le_bytes());
    block[16..22].copy_from_slice(b"hello\0");
    w.kernel.insert(MEM, block);
    w.user.insert(0x1000, b"user text\0\0\0".to_vec());
    w.args[0] = MEM;
    for (i, v) in w.args.clone().iter().enumerate() {
        w.ints.insert(BuiltinVar::Arg0 as u16 + i as u16, *v);
    }
    w.ints.insert(BuiltinVar::Arg1 as u16, 0x1000);
    w.ints.insert(BuiltinVar::Pid as u16, 1234);
    w.strs.insert(BuiltinVar::Execname as u16, b"bash".to_vec());
    w
}

fn compiled(text: &str) -> Program {
    let opts = CompileOpts {
        strsize: STRSIZE,
        ..CompileOpts::default()
    };
    let (sources, program, diags) = compile_with(text, &opts, &crate::kernel::EmptyKernel);
    let shown: String = diags.iter().map(|d| d.render(&sources, true)).collect();
    assert!(diags.is_empty(), "{text}\n{shown}");
    crate::dif::verify::verify_vars(&program.vars).unwrap();
    program
}

/// One value as text: integers in decimal, strings as they are; a fault by its text.
fn shown(d: &Datum, p: &Program, state: &mut State, world: &mut FixedWorld) -> String {
    let difo = match d {
        Datum::Stack { frames } => return format!("stack({frames})"),
        Datum::Ustack { frames } => return format!("ustack({frames})"),
        _ => d.difo().unwrap(),
    };
    let v = match run(difo, p, state, world) {
        Ok(v) => v,
        Err(e) => return e,
    };
    match d {
        Datum::Int { size, signed, .. } => {
            assert_eq!(interp::extend(v, *size, *signed), v, "not exact");
            if *signed {
                (v as i64).to_string()
            } else {
                v.to_string()
            }
        }
        Datum::Str { difo } => match interp::value_string(difo, state, world, STRSIZE, v) {
            Ok(s) => String::from_utf8_lossy(&s).into_owned(),
            Err(f) => f.text().into(),
        },
        Datum::Bytes { difo, size, .. } => {
            match interp::value_bytes(difo, state, world, v, *size) {
                Ok(b) => format!("{b:02x?}"),
                Err(f) => f.text().into(),
            }
        }
        _ => format!("{v:#x}"),
    }
}

fn run(difo: &Difo, p: &Program, state: &mut State, world: &mut FixedWorld) -> Result<u64, String> {
    if let Err(e) = crate::dif::verify(difo, &p.vars) {
        panic!(
            "{e}\n{}",
            crate::dif::disasm::listing(difo, &p.vars, 0, STRSIZE)
        );
    }
    interp::run(difo, &p.vars, state, world, STRSIZE).map_err(|f| f.fault.text().to_string())
}

fn run_stmt(
    s: &Stmt,
    p: &Program,
    state: &mut State,
    world: &mut FixedWorld,
    out: &mut Vec<String>,
) -> Result<(), String> {
    match &s.kind {
        StmtKind::Expr(d) => {
            run(d, p, state, world)?;
        }
        StmtKind::Trace(d) | StmtKind::Stack(d) | StmtKind::Exit(d) => {
            out.push(shown(d, p, state, world))
        }
        StmtKind::Printf { args, .. } => {
            for a in args {
                out.push(shown(a, p, state, world));
            }
        }
        StmtKind::Aggregate {
            keys,
            value,
            weight,
            ..
        } => {
            for k in keys {
                out.push(shown(k, p, state, world));
            }
            for v in [value, weight].into_iter().flatten() {
                out.push((run(v, p, state, world)? as i64).to_string());
            }
        }
        StmtKind::Tracemem { data, shown: s } => {
            out.push(shown(data, p, state, world));
            if let Some(s) = s {
                out.push(shown(s, p, state, world));
            }
        }
        StmtKind::Printa { .. }
        | StmtKind::Clear(_)
        | StmtKind::Denormalize(_)
        | StmtKind::Trunc(_, None)
        | StmtKind::Ftruncate => {}
        // What reaches beyond the program is not for this.
        StmtKind::Print { .. }
        | StmtKind::Setopt(..)
        | StmtKind::Freopen { .. }
        | StmtKind::System { .. }
        | StmtKind::Raise(_)
        | StmtKind::Chill(_)
        | StmtKind::Pcap { .. }
        | StmtKind::Return(_)
        | StmtKind::Speculate(_)
        | StmtKind::Commit(_)
        | StmtKind::Discard(_) => {}
        StmtKind::Trunc(_, Some(d)) | StmtKind::Normalize(_, d) => {
            out.push(shown(d, p, state, world))
        }
    }
    Ok(())
}

/// Everything that a program traces when all its clauses run once, in one firing.
fn trace(text: &str) -> Vec<String> {
    let p = compiled(text);
    let (mut state, mut world, mut out) = (State::new(), world(), Vec::new());
    state.begin_firing();
    for c in &p.clauses {
        state.begin_clause();
        let go = match &c.pred {
            None => Ok(1),
            Some(d) => run(d, &p, &mut state, &mut world),
        };
        match go {
            Ok(0) => continue,
            Ok(_) => {}
            Err(e) => {
                out.push(e);
                continue;
            }
        }
        for s in &c.stmts {
            if let Err(e) = run_stmt(s, &p, &mut state, &mut world, &mut out) {
                out.push(e);
                break;
            }
        }
    }
    out
}

/// What an expression traces.
fn eval(expr: &str) -> String {
    trace(&format!("BEGIN {{ trace({expr}); }}")).join(" ")
}

fn check(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (e, want) in cases {
        let got = eval(e);
        if got != *want {
            wrong.push(format!("{e}: {got}, expected {want}"));
        }
        // The same without folding: constants that come out of a variable of the literal's own type.
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check_programs(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, want) in cases {
        let got = trace(text).join(" ");
        if got != *want {
            wrong.push(format!("{text}: {got}, expected {want}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arithmetic() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("1 << 4", "16"),
        ("-16 >> 2", "-4"),
        ("0xf0 & 0x3c", "48"),
        ("0xf0 | 0x0f", "255"),
        ("0xf0 ^ 0xff", "15"),
        ("~0", "-1"),
        ("-(-5)", "5"),
        ("!5", "0"),
        ("!0", "1"),
        ("+3", "3"),
        ("'a'", "97"),
        ("010", "8"),
        ("2147483647 + 1", "-2147483648"),
        ("2147483648", "2147483648"),
        ("0xffffffff", "4294967295"),
        ("0xffffffff + 1", "0"),
        ("0xffffffffffffffff", "18446744073709551615"),
        ("9223372036854775807", "9223372036854775807"),
        ("pid + 1", "1235"),
        ("-pid", "-1234"),
        ("~pid", "-1235"),
        ("pid * pid - pid / 2 % 10", "1522749"),
        ("arg2 << 3 >> 1", "34952"),
        ("(uint8_t)300", "44"),
        ("(int8_t)200", "-56"),
        ("(char)pid", "-46"),
        ("(uint16_t)-1", "65535"),
        ("(unsigned char)pid + (unsigned char)100", "54"),
        ("(long)((unsigned char)pid + (unsigned char)100)", "310"),
        ("(short)pid", "1234"),
        ("(_Bool)pid", "1"),
        ("(_Bool)0", "0"),
        ("(int)0x1ffffffff", "-1"),
        ("(int64_t)(int)0x80000000", "-2147483648"),
        ("(uint64_t)-1", "18446744073709551615"),
        ("(uint32_t)pid - (uint32_t)1235", "4294967295"),
        ("((uint32_t)pid - (uint32_t)1235) >> 4", "268435455"),
        ("((uint32_t)pid - (uint32_t)1235) / 2", "2147483647"),
        ("(int64_t)((uint32_t)pid - (uint32_t)1235)", "4294967295"),
        ("(pid - 1235) / 2", "0"),
        ("(pid - 1238) / 2", "-2"),
        ("(pid - 1238) % 3", "-1"),
        ("(pid - 1238) >> 1", "-2"),
    ]);
}

#[test]
fn comparisons() {
    check(&[
        ("1 < 2", "1"),
        ("2 <= 1", "0"),
        ("-1 < 1", "1"),
        ("-1 < 1u", "0"),
        ("-1 == 0xffffffff", "1"),
        ("pid - 1235 < 0", "1"),
        ("pid - 1235 < 0u", "0"),
        ("(uint32_t)pid - 1235 > 0", "1"),
        ("(uint32_t)pid - 1235 == 0xffffffff", "1"),
        ("(int64_t)pid - 1235 < 0", "1"),
        ("(uint64_t)pid - 1235 < 0", "0"),
        ("arg2 > 0x2221", "1"),
        ("(arg2 | 1 << 31) < 0", "1"),
        ("(int64_t)0x8000000000000000 < 1", "1"),
        ("(int64_t)0x8000000000000000 - pid * 0 < (int64_t)1", "1"),
        ("(arg2 - arg2 + 0x8000000000000000) > 1", "1"),
        ("(unsigned char)pid + (unsigned char)100 > 255", "1"),
        ("(char)200 == -56", "1"),
        ("pid == 1234 && arg2 == 0x2222", "1"),
        ("pid == 1 && 1 / (pid - 1234)", "0"),
        ("pid == 1234 || 1 / (pid - 1234)", "1"),
        ("pid == 1 || pid == 2 || pid == 1234", "1"),
        ("!(pid == 1234 && arg2)", "0"),
        ("!(pid && !arg2)", "1"),
        ("pid ^^ 0", "1"),
        ("pid ^^ 1", "0"),
        ("!pid ^^ (arg2 && 0)", "0"),
        ("pid != 1234", "0"),
        ("pid >= 1234", "1"),
        ("pid <= 1233", "0"),
        ("(pid > 1) + (pid > 2) + (pid > 2000)", "2"),
        ("curthread != NULL", "1"),
        ("(void *)arg0 == (char *)arg0", "1"),
    ]);
}

#[test]
fn conditional() {
    check(&[
        ("pid == 1234 ? 10 : 20", "10"),
        ("pid != 1234 ? 10 : 20", "20"),
        ("pid ? execname : \"none\"", "bash"),
        (
            "pid == 1 ? \"one\" : pid == 2 ? \"two\" : pid == 1234 ? \"it\" : \"other\"",
            "it",
        ),
        ("1 + (pid > 5 ? arg2 : arg3) + 1", "8740"),
        ("pid > 5 ? -1 : 0u", "4294967295"),
        (
            "(pid ? 1 : 2) + (arg2 ? 10 : 20) * (pid == 3 ? 1 : 100)",
            "1001",
        ),
        ("1 ? 2 : 3", "2"),
        ("(pid, 7)", "7"),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("execname", "bash"),
        ("\"a\\tb\"", "a\tb"),
        ("execname == \"bash\"", "1"),
        ("execname != \"bash\"", "0"),
        ("\"abc\" < \"abd\"", "1"),
        ("\"abd\" <= \"abc\"", "0"),
        ("execname > \"baa\"", "1"),
        ("strlen(execname)", "4"),
        ("strjoin(execname, \"!\")", "bash!"),
        (
            "strjoin(strjoin(\"a\", execname), strjoin(\"b\", \"c\"))",
            "abashbc",
        ),
        ("substr(execname, 1)", "ash"),
        ("substr(execname, 1, 2)", "as"),
        ("strstr(\"hello world\", \"wor\")", "world"),
        ("strstr(execname, \"x\") == NULL", "1"),
        ("strstr(execname, \"as\") != NULL", "1"),
        ("strchr(execname, 'a')", "ash"),
        ("strrchr(\"a/b/c\", '/')", "/c"),
        ("index(execname, \"sh\")", "2"),
        ("rindex(\"abab\", \"ab\")", "2"),
        ("basename(\"/usr/bin/ls\")", "ls"),
        ("dirname(\"/usr/bin/ls\")", "/usr/bin"),
        ("copyinstr(arg1)", "user text"),
        ("copyinstr(arg1, 5)", "user "),
        ("stringof(arg0 + 16)", "hello"),
        ("(string)(arg0 + 16)", "hello"),
        ("htons(0x1234)", "13330"),
        ("ntohl(0x12345678)", "2018915346"),
        ("(char)htons(1)", "0"),
        ("sizeof(execname)", "64"),
    ]);
}

#[test]
fn memory() {
    check(&[
        ("*(uint64_t *)arg0", "9833440827789222641"),
        ("*(int *)(arg0 + 8)", "-5"),
        ("*((int *)arg0 + 2)", "-5"),
        ("((int *)arg0)[2]", "-5"),
        ("*(char *)arg0", "-15"),
        ("*(unsigned char *)arg0", "241"),
        ("*(short *)arg0", "8945"),
        ("*(uint32_t *)(arg0 + 4)", "2289526357"),
        ("&((int *)arg0)[3] - (int *)arg0", "3"),
        ("(uint64_t)&((int *)arg0)[3] - arg0", "12"),
        ("((char *)arg0)[pid - 1218]", "104"),
        ("*((char *)arg0 + (pid - 1217))", "101"),
        ("*(int *)0", "invalid address"),
        ("1 / (pid - 1234)", "divide-by-zero"),
        ("*(char *)copyin(arg1, 4)", "117"),
        ("(string)copyin(arg1, 4)", "user"),
    ]);
}

#[test]
fn variables() {
    check_programs(&[
        (
            "BEGIN { x = 5; x++; trace(x); ++x; trace(x++); trace(x); trace(--x); trace(x--); trace(x); }",
            "6 7 8 7 7 6",
        ),
        (
            "BEGIN { x += 5; trace(x); x -= 2; x *= 7; trace(x); x /= 2; x %= 6; trace(x); }",
            "5 21 4",
        ),
        (
            "BEGIN { x = 1; x <<= 5; x |= 3; x &= 0x22; x ^= 1; x >>= 1; trace(x); }",
            "17",
        ),
        (
            "int8_t c; BEGIN { c = 127; c++; trace(c); trace(c = 200); trace(c += 100); }",
            "-128 -56 44",
        ),
        (
            "BEGIN { self->x = pid; this->y = self->x + 1; trace(this->y); self->x = 0; trace(self->x); }",
            "1235 0",
        ),
        (
            "BEGIN { a[1, \"x\"] = 5; a[2, \"x\"] = 6; trace(a[1, \"x\"] + a[2, \"x\"] * 10); trace(a[3, \"x\"]); }",
            "65 0",
        ),
        (
            "BEGIN { a[execname] = 1; a[execname]++; a[\"bash\"] += 40; trace(a[\"bash\"]); }",
            "42",
        ),
        ("BEGIN { self->a[pid] = \"v\"; trace(self->a[1234]); }", "v"),
        (
            "BEGIN { s = execname; trace(s); s = \"other\"; trace(s); trace(s == \"other\"); }",
            "bash other 1",
        ),
        (
            "BEGIN { i = 1; a[i++] = i++; trace(i); trace(a[2]); }",
            "3 1",
        ),
        ("BEGIN { i = 0; trace(i++ + i++ * 10); trace(i); }", "10 2"),
        ("BEGIN { x = y = 3; trace(x + y); }", "6"),
        ("string s; BEGIN { s = NULL; trace(s == NULL); }", "1"),
        (
            "int a[string, int]; BEGIN { a[\"k\", 1] = 2; trace(a[\"k\", 1]); }",
            "2",
        ),
        (
            "BEGIN { this->p = (int *)arg0; this->p += 2; trace(*this->p); this->p--; this->p++; trace(*this->p); }",
            "-5 -5",
        ),
        (
            "BEGIN { x = (uint8_t)250; x += 10; trace(x); trace(x - 5); }",
            "4 -1",
        ),
        (
            "BEGIN /pid == 1234/ { trace(1); } BEGIN /execname == \"x\"/ { trace(2); }",
            "1",
        ),
        ("BEGIN { trace((x = 2, x + 1)); }", "3"),
    ]);
}

#[test]
fn declarations() {
    check_programs(&[
        (
            "struct s { char a; int b; unsigned short c : 4, d : 8; int e : 3; union { long f; int g; }; struct s *next; char t[6]; };
             BEGIN { trace(sizeof(struct s)); trace(offsetof(struct s, b)); trace(offsetof(struct s, g)); trace(offsetof(struct s, next)); trace(offsetof(struct s, t)); }",
            "40 4 16 24 32",
        ),
        (
            "struct s { unsigned a : 4, b : 8; int c : 3; signed char d; };
             BEGIN { this->p = (struct s *)arg0; trace(this->p->a); trace(this->p->b); trace(this->p->c); trace(this->p->d); }",
            "1 47 2 51",
        ),
        ("enum e { A, B = 5, C }; BEGIN { trace(A + B + C); trace(sizeof(enum e)); }", "11 4"),
        ("typedef unsigned char byte_t; BEGIN { trace((byte_t)511); trace(sizeof(byte_t)); }", "255 1"),
        ("inline int N = 5 * 2; inline string S = \"x\"; BEGIN { trace(N + 1); trace(S); }", "11 x"),
        ("typedef struct { int x[3]; char *name; } t; BEGIN { trace(sizeof(t)); trace(((t *)arg0)->x[2]); }", "24 -5"),
        ("struct n { long pad[2]; char name[6]; }; BEGIN { trace(((struct n *)arg0)->name); trace(((struct n *)arg0)->name == \"hello\"); trace(stringof(((struct n *)arg0)->name)); }",
         "[68, 65, 6c, 6c, 6f, 00] 1 hello"),
        ("BEGIN { trace(sizeof(int)); trace(sizeof(long)); trace(sizeof(char *)); trace(sizeof(int [3])); trace(sizeof(pid)); }", "4 8 8 12 4"),
        ("int (*fp)(int, char); BEGIN { fp = 0; trace(sizeof(fp)); }", "8"),
    ]);
}

#[test]
fn objects() {
    let decl = "struct c { long ts; int n; char name[4]; unsigned f : 3; };\n";
    let cases = [
        (
            "struct c a[string]; BEGIN { a[\"x\"].n = 5; a[\"x\"].n++; a[\"y\"].ts = 9; trace(a[\"x\"].n); trace(a[\"y\"].ts); trace(a[\"z\"].n); }",
            "6 9 0",
        ),
        (
            "self struct c s; BEGIN { self->s.n += 3; trace(self->s.n); self->s.f = 5; trace(self->s.f); trace(self->s.ts); }",
            "3 5 0",
        ),
        (
            "struct c g; BEGIN { g.n = -2; g.name[1] = 'x'; trace(g.n); trace(g.name[1]); trace(g.name); }",
            "-2 120 [00, 78, 00, 00]",
        ),
        (
            "this struct c t; BEGIN { this->t.n = 4; this->u = this->t; this->t.n = 5; trace(this->u.n); trace(this->t.n); }",
            "4 5",
        ),
        (
            "BEGIN { x = *(struct c *)arg0; trace(x.n); x.n = 1; trace(x.n); trace(((struct c *)arg0)->n); }",
            "-5 1 -5",
        ),
        (
            "struct c a[int], b; BEGIN { b.ts = 7; a[1] = b; b.ts = 8; trace(a[1].ts); b = a[1]; trace(b.ts); }",
            "7 7",
        ),
        (
            "int n[4]; BEGIN { n[0] = 1; n[pid - 1231] = 9; trace(n[3] + n[0]); trace(n[1]); trace(sizeof(n)); }",
            "10 0 16",
        ),
        (
            "struct c g, h; BEGIN { g.n = 1; h.n = 2; trace((pid == 1234 ? g : h).n); }",
            "1",
        ),
        (
            "struct o { struct c i; int z; }; struct o g; struct c h; BEGIN { h.n = 6; g.i = h; trace(g.i.n); trace(g.z); h.n = 1; h = g.i; trace(h.n); }",
            "6 0 6",
        ),
    ];
    let texts: Vec<(String, &str)> = cases
        .iter()
        .map(|(t, w)| (format!("{decl}{t}"), *w))
        .collect();
    let cases: Vec<(&str, &str)> = texts.iter().map(|(t, w)| (t.as_str(), *w)).collect();
    check_programs(&cases);
}

#[test]
fn translators() {
    let decl = "struct raw { long a; int n; int pad; char name[6]; };
        typedef struct out { int twice; string text; uint64_t addr; struct raw *self; } out_t;
        translator out_t < struct raw *R > { twice = R->n * 2; text = R->name; addr = (uint64_t)R; self = R; };
        struct deep { int v; };
        translator struct deep < out_t *O > { v = O->twice; };
        inline out_t *cur = xlate <out_t *> ((struct raw *)arg0);\n";
    let cases = [
        (
            "BEGIN { trace(xlate <out_t> ((struct raw *)arg0).twice); }",
            "-10",
        ),
        (
            "BEGIN { trace(xlate <out_t *> ((struct raw *)arg0)->text); trace(cur->text == \"hello\"); }",
            "hello 1",
        ),
        (
            "BEGIN { trace(cur->twice + 1); trace(cur->addr == arg0); trace(cur->self->n); }",
            "-9 1 -5",
        ),
        ("BEGIN { trace(xlate <struct deep> (cur).v); }", "-10"),
        (
            "BEGIN { trace(sizeof(out_t)); trace(offsetof(out_t, addr)); }",
            "88 72",
        ),
    ];
    let texts: Vec<(String, &str)> = cases
        .iter()
        .map(|(t, w)| (format!("{decl}{t}"), *w))
        .collect();
    let cases: Vec<(&str, &str)> = texts.iter().map(|(t, w)| (t.as_str(), *w)).collect();
    check_programs(&cases);
}

#[test]
fn if_else() {
    check_programs(&[
        (
            "BEGIN { trace(1); if (pid == 1234) { trace(2); } trace(3); }",
            "1 2 3",
        ),
        ("BEGIN { if (pid == 1) { trace(2); } trace(3); }", "3"),
        (
            "BEGIN { if (pid == 1) { trace(2); } else { trace(4); } trace(3); }",
            "4 3",
        ),
        (
            "BEGIN { if (pid == 1) { trace(1); } else if (pid == 1234) { trace(2); } else { trace(3); } }",
            "2",
        ),
        (
            "BEGIN { if (pid) { if (arg2 == 1) { trace(1); } else { trace(2); } trace(3); } else { trace(4); } trace(5); }",
            "2 3 5",
        ),
        ("BEGIN /pid == 1/ { if (1) { trace(1); } trace(2); }", ""),
        // An error ends all of the clause.
        (
            "BEGIN { if (1 / (pid - 1234)) { trace(1); } else { trace(2); } trace(3); }",
            "divide-by-zero",
        ),
        (
            "BEGIN { if (pid) { x = 1 / (pid - 1234); } trace(3); }",
            "divide-by-zero",
        ),
        ("BEGIN { if (pid) { } trace(3); }", "3"),
        (
            "BEGIN,END { if (pid == 1234) { trace(1); } else { trace(2); } trace(3); }",
            "1 3 1 3",
        ),
    ]);
}

#[test]
fn spills() {
    // Right-leaning sums keep every left operand pending.
    let deep = |n: usize| {
        let mut e = "arg2".to_string();
        for i in 0..n {
            e = format!("(arg2 + {i} + {e})");
        }
        (e, 0x2222u64 * (n as u64 + 1) + (0..n as u64).sum::<u64>())
    };
    for n in [1, 3, 6, 7, 8, 20, 60] {
        let (e, want) = deep(n);
        assert_eq!(eval(&e), want.to_string(), "{n}");
    }
    // Across conditionals, comparisons and calls.
    let mut e = "pid".to_string();
    for i in 0..12 {
        e = format!(
            "(pid + (pid == {i} ? {e} : {e} && 1) + strlen(strjoin(execname, execname)) * (pid > {i}))"
        );
    }
    // Doubling text at each level would explode: build it flat instead.
    let mut flat = "pid".to_string();
    for i in 0..12 {
        flat = format!(
            "(pid + (pid != {i} ? {flat} : 0) + strlen(strjoin(execname, execname)) * (pid > {i}))"
        );
    }
    drop(e);
    assert_eq!(eval(&flat), (1234 * 13 + 8 * 12).to_string());
    // Strings that wait for their turn.
    let s = "strjoin(execname, strjoin(execname, strjoin(execname, strjoin(execname, strjoin(execname, strjoin(execname, strjoin(execname, strjoin(execname, \"!\"))))))))";
    assert_eq!(eval(s), format!("{}!", "bash".repeat(8)));
    assert_eq!(
        trace("BEGIN { a[1,2,3,4,5,6,7,8] = 3; trace(a[1,2,3,4,5,6,7,pid - 1226] + a[1,2,3,4,5,6,7,8]); }").join(" "),
        "6"
    );
}

#[test]
fn statements() {
    check_programs(&[
        (
            "BEGIN { printf(\"%d %s\\n\", pid, execname); }",
            "1234 bash",
        ),
        ("BEGIN { printf(\"%*d\", 5, pid); }", "5 1234"),
        ("BEGIN { printf(\"hello\"); }", ""),
        ("BEGIN { @[execname, pid] = sum(arg2); }", "bash 1234 8738"),
        ("BEGIN { @q = quantize(pid - 2000, 3); }", "-766 3"),
        (
            "BEGIN { @ = lquantize(pid, 0, 100, 10); printa(@); clear(@); trunc(@, 5); normalize(@, 1000); denormalize(@); }",
            "1234 5 1000",
        ),
        ("BEGIN { @a = llquantize(pid, 10, 0, 6, 20); }", "1234"),
        (
            "BEGIN { stack(); ustack(7); trace(stack(3)); exit(2); }",
            "stack(20) ustack(7) stack(3) 2",
        ),
        (
            "BEGIN { @[stack(5), ustack()] = count(); }",
            "stack(5) ustack(20)",
        ),
        (
            "BEGIN { sym(arg0); printf(\"%a %A\", arg0, arg1); }",
            "0xffff800000001000 18446603336221200384 0x1000",
        ),
        ("BEGIN { tracemem(arg0 + 16, 4); }", "[68, 65, 6c, 6c]"),
        ("BEGIN { printf(\"%s\", (char *)(arg0 + 16)); }", "hello"),
        (
            "BEGIN { printf(\"%s\", NULL == 0 ? \"yes\" : \"no\"); }",
            "yes",
        ),
    ]);
}

#[test]
fn action_numbers() {
    let p = compiled(
        "BEGIN { x = 1; printf(\"%d %d\", x, x); trace(x); @[pid, x] = count(); exit(0); }",
    );
    let actions: Vec<u32> = p.clauses[0].stmts.iter().map(|s| s.action).collect();
    assert_eq!(actions, [1, 2, 4, 5, 8]);
}

/// Global variables of every integer type, named by their place in the differential test's table, with odd values.
pub(super) fn fixed_vars() -> &'static [(usize, i64)] {
    &[
        (0, -3),
        (1, 250),
        (2, -30000),
        (3, 65535),
        (4, -7),
        (5, 0xffff_fff0),
        (6, i64::MIN),
        (7, -2),
    ]
}

/// An expression's value in its own type, and converted to int64_t.
pub(super) fn check_one(text: &str, own: &str, wide: &str) {
    let types = [
        "int8_t", "uint8_t", "int16_t", "uint16_t", "int", "uint32_t", "int64_t", "uint64_t",
    ];
    let mut program = String::new();
    let mut set = String::new();
    for (ty, v) in fixed_vars() {
        program += &format!("{} v{ty};\n", types[*ty]);
        set += &format!("v{ty} = {:#x}; ", *v as u64);
    }
    program +=
        &format!("BEGIN {{ {set} trace({text}); this->w = (int64_t)({text}); trace(this->w); }}");
    let got = trace(&program);
    assert_eq!(got, [own, wide], "{text}");
}

/// As deep as the parser lets through, in the two megabytes that a test's thread has.
#[test]
fn deep_expressions() {
    let chain = |op: &str, n: usize| vec!["pid"; n].join(op);
    assert_eq!(eval(&chain(" + ", 500)), (1234 * 500).to_string());
    assert_eq!(eval(&chain(" && ", 500)), "1");
    assert_eq!(
        eval(&format!("{}pid", "(int8_t)(uint8_t)".repeat(70))),
        "-46"
    );
    assert_eq!(eval(&format!("{}pid", "!!".repeat(70))), "1");
    assert_eq!(
        eval(&format!("{}pid{}", "(pid+".repeat(75), ")".repeat(75))),
        (1234 * 76).to_string()
    );
    let tern = "pid == 1 ? 1 : ".repeat(75);
    assert_eq!(eval(&format!("{tern}7")), "7");
    let strs = format!("{}\"x\"{}", "strjoin(\"\", ".repeat(15), ")".repeat(15));
    assert_eq!(eval(&strs), "x");
    // Inlines within one another reach further than what is written.
    let mut text = String::from("inline int i0 = pid;\n");
    for i in 1..16 {
        text += &format!(
            "inline int i{i} = {};\n",
            vec![format!("i{}", i - 1); 1].join("+") + &"+1".repeat(400)
        );
    }
    text += "BEGIN { trace(i15); }";
    let (_, _, diags) = crate::compile_str(&text);
    assert_eq!(
        diags.first().map(|d| d.text.as_str()),
        Some("expression is nested too deeply")
    );
    // And doubling ones further still.
    let mut text = String::from("inline int i0 = pid;\n");
    for i in 1..16 {
        text += &format!("inline int i{i} = i{0} + i{0} + i{0};\n", i - 1);
    }
    text += "BEGIN { trace(i15); }";
    let (_, _, diags) = crate::compile_str(&text);
    assert!(
        diags
            .first()
            .is_some_and(|d| d.text.contains("too many inline definitions")),
        "{diags:?}"
    );
}

/// A packed struct of a kernel: bit-fields that no aligned unit holds.
struct Packed;

impl crate::kernel::KernelView for Packed {
    fn type_by_name(
        &self,
        _: Option<&str>,
        ns: crate::kernel::TypeNs,
        name: &str,
    ) -> Option<crate::kernel::KTypeId> {
        let packed = ns == crate::kernel::TypeNs::Struct && name == "packed";
        packed.then_some(crate::kernel::KTypeId(0))
    }

    fn ktype(&self, id: crate::kernel::KTypeId) -> Option<crate::kernel::KType> {
        use crate::kernel::{KMember, KType, KTypeId};
        let int = |signed| KType::Int {
            name: if signed { "long" } else { "unsigned long" }.into(),
            size: 8,
            signed,
            bool_: false,
            char_: false,
        };
        let member = |name: &str, ty, bit_offset, bit_size| KMember {
            name: name.into(),
            ty: KTypeId(ty),
            bit_offset,
            bit_size,
        };
        Some(match id.0 {
            0 => KType::Struct {
                name: "packed".into(),
                size: 24,
                members: vec![
                    member("head", 1, 0, 3),
                    member("nine", 1, 3, 64),
                    member("five", 1, 67, 5),
                    member("low", 2, 72, 53),
                    member("two", 2, 125, 10),
                    member("last", 1, 135, 57),
                ],
            },
            1 => int(false),
            2 => int(true),
            _ => return None,
        })
    }

    fn symbol(&self, _: Option<&str>, _: &str) -> Option<crate::kernel::KSymbol> {
        None
    }

    fn enumerator(&self, _: &str) -> Option<i64> {
        None
    }

    fn match_probes(
        &self,
        desc: &crate::program::ProbeDesc,
        want_args: bool,
    ) -> crate::kernel::Matched {
        crate::kernel::EmptyKernel.match_probes(desc, want_args)
    }
}

#[test]
fn bit_fields_across_words_keep_to_themselves() {
    let text = "BEGIN { this->p = (struct packed *)alloca(24);
        this->p->nine = 0x8123456789abcdef; this->p->two = -300; this->p->head = 5; this->p->five = 21;
        this->p->low = -3; this->p->last = 0x123456789abcdef;
        printf(\"%d %d %d %d %d %d\", this->p->head, this->p->nine, this->p->five, this->p->low, this->p->two,
            this->p->last);
        this->p->nine ^= -1; this->p->two++; this->p->low -= 4;
        printf(\"%d %d %d %d %d %d\", this->p->head, this->p->nine, this->p->five, this->p->low, this->p->two,
            this->p->last); }";
    let opts = CompileOpts {
        strsize: STRSIZE,
        ..CompileOpts::default()
    };
    let (sources, program, diags) = compile_with(text, &opts, &Packed);
    let drawn: String = diags.iter().map(|d| d.render(&sources, true)).collect();
    assert!(diags.is_empty(), "{drawn}");
    let nine = 0x8123_4567_89ab_cdef_u64;
    let last = 0x0123_4567_89ab_cdef_u64;
    let want = [
        [
            "5",
            &nine.to_string(),
            "21",
            "-3",
            "-300",
            &last.to_string(),
        ],
        [
            "5",
            &(!nine).to_string(),
            "21",
            "-7",
            "-299",
            &last.to_string(),
        ],
    ];
    let mut out = Vec::new();
    let (mut state, mut world) = (State::new(), world());
    state.begin_firing();
    for s in &program.clauses[0].stmts {
        run_stmt(s, &program, &mut state, &mut world, &mut out).unwrap();
    }
    assert_eq!(out, want.concat());
}

#[test]
fn members_of_type_string() {
    let text = "struct s { int a; string n; int b; }; struct s g;
        BEGIN { g.a = 1; g.b = 2; g.n = \"a longer text\"; trace(g.n); g.n = \"ab\"; trace(g.n); trace(g.a); trace(g.b);
            this->t = g; this->t.n = strjoin(g.n, this->t.n); trace(this->t.n); trace(g.n);
            g.n = \"\"; trace(strlen(g.n)); trace((g.n = \"x\", g.n)); trace(g.n = \"yz\"); }";
    assert_eq!(
        trace(text),
        [
            "a longer text",
            "ab",
            "1",
            "2",
            "abab",
            "ab",
            "0",
            "x",
            "yz"
        ]
    );
    // Nothing of what was longer is left behind.
    let same = "struct s { string n; }; struct s g; struct s h;
        BEGIN { g.n = \"a longer text\"; g.n = \"ab\"; h.n = \"ab\"; trace(g); trace(h); }";
    let out = trace(same);
    assert_eq!(out[0], out[1]);
}
