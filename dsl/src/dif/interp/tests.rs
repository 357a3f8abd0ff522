//! What each instruction and each subroutine does, from assembler text.

use super::*;
use crate::dif::asm::assemble;
use crate::dif::testing::FixedWorld;
use crate::dif::verify::{verify, verify_vars};

const STRSIZE: u32 = 16;

#[derive(Debug, PartialEq)]
enum Out {
    Int(i64),
    Str(&'static str),
    Fault(Fault, u32, u64),
}
use Out::{Fault as F, Int, Str};

fn world() -> FixedWorld {
    let mut w = FixedWorld::new();
    w.kernel.insert(
        0x1000,
        vec![0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x01],
    );
    w.kernel.insert(
        0x2000,
        b"kernel string that is longer than strsize\0".to_vec(),
    );
    w.kernel.insert(0x3000, b"unterminated".to_vec());
    w.kernel.insert(0x4000, b"0123456789abcdef".to_vec());
    w.kernel.insert(0x5000, vec![127, 0, 0, 1]);
    w.kernel.insert(
        0x6000,
        vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    w.user
        .insert(0x1000, vec![0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8]);
    w.user
        .insert(0x2000, b"user string, longer than strsize\0".to_vec());
    w.user.insert(0x3000, b"/etc/passwd\0".to_vec());
    w
}

/// Runs a text that ends in its own `ret`. A string result is read back.
fn run_in(text: &str, state: &mut State, w: &mut FixedWorld) -> Result<(u64, Vec<u8>), FaultInfo> {
    let (difo, vars) = assemble(text).unwrap();
    verify_vars(&vars).unwrap();
    verify(&difo, &vars).unwrap_or_else(|e| panic!("{e} in\n{text}"));
    let v = run(&difo, &vars, state, w, STRSIZE)?;
    let s = match difo.rtype {
        DifType::Str => value_string(&difo, state, w, STRSIZE, v).unwrap(),
        _ => Vec::new(),
    };
    Ok((v, s))
}

fn check_in(text: &str, state: &mut State, expect: &Out) {
    let got = match (run_in(text, state, &mut world()), expect) {
        (Ok((_, s)), Str(e)) => {
            assert_eq!(String::from_utf8_lossy(&s), *e, "{text}");
            return;
        }
        (Ok((v, _)), _) => Int(v as i64),
        (Err(f), _) => F(f.fault, f.off, f.addr),
    };
    assert_eq!(got, *expect, "{text}");
}

fn check(text: &str, expect: Out) {
    let mut state = State::new();
    state.begin_firing();
    check_in(text, &mut state, &expect);
}

/// `op %r1, %r2, %r3` with two numbers.
fn alu(op: &str, a: i64, b: i64, expect: i64) {
    let text = format!("setx {a}, %r1\nsetx {b}, %r2\n{op} %r1, %r2, %r3\nret %r3");
    check(&text, Int(expect));
}

#[test]
fn arithmetic() {
    const MIN: i64 = i64::MIN;
    const MAX: i64 = i64::MAX;
    for (op, a, b, expect) in [
        ("or", 5, 2, 7),
        ("xor", -1, 1, -2),
        ("and", 6, 3, 2),
        ("sll", 1, 63, MIN),
        ("sll", 1, 64, 1),
        ("sll", 3, 65, 6),
        ("srl", -1, 60, 15),
        ("srl", -1, 64, -1),
        ("sra", -8, 1, -4),
        ("sra", MIN, 127, -1),
        ("sub", MIN, 1, MAX),
        ("add", MAX, 1, MIN),
        ("mul", MAX, 2, -2),
        ("mul", MIN, -1, MIN),
        ("sdiv", -7, 2, -3),
        ("sdiv", MIN, -1, MIN),
        ("udiv", -1, 2, MAX),
        ("srem", -7, 2, -1),
        ("srem", 7, -2, 1),
        ("srem", MIN, -1, 0),
        ("urem", -1, 10, 5),
    ] {
        alu(op, a, b, expect);
    }
    for op in ["sdiv", "udiv", "srem", "urem"] {
        check(
            &format!("setx 1, %r1\n{op} %r1, %r0, %r2\nret %r1"),
            F(Fault::DivZero, 4, 0),
        );
    }
    check("setx 5, %r1\nnot %r1, %r1\nret %r1", Int(-6));
    check("setx 5, %r1\nnop\nmov %r1, %r2\nret %r2", Int(5));
    check("ret %r7", Int(0));
}

#[test]
fn comparisons() {
    const MIN: i64 = i64::MIN;
    let pairs = [
        (0, 0),
        (1, 2),
        (2, 1),
        (-1, 1),
        (1, -1),
        (MIN, 1),
        (1, MIN),
        (MIN, MIN),
        (-1, i64::MAX),
    ];
    type Cond = fn(i64, i64) -> bool;
    let ops: [(&str, Cond); 11] = [
        ("ba", |_, _| true),
        ("be", |a, b| a == b),
        ("bne", |a, b| a != b),
        ("bg", |a, b| a > b),
        ("bgu", |a, b| a as u64 > b as u64),
        ("bge", |a, b| a >= b),
        ("bgeu", |a, b| a as u64 >= b as u64),
        ("bl", |a, b| a < b),
        ("blu", |a, b| (a as u64) < b as u64),
        ("ble", |a, b| a <= b),
        ("bleu", |a, b| a as u64 <= b as u64),
    ];
    for (op, f) in ops {
        for (a, b) in pairs {
            let text = format!(
                "setx {a}, %r1\nsetx {b}, %r2\nsetx 1, %r3\ncmp %r1, %r2\n{op} yes\nmov %r0, %r3\nyes: ret %r3"
            );
            check(&text, Int(f(a, b).into()));
        }
    }
    for (v, zero) in [(0, true), (1, false), (MIN, false)] {
        for (op, taken) in [
            ("be", zero),
            ("bne", !zero),
            ("bl", false),
            ("bgu", !zero),
            ("bge", true),
        ] {
            let text = format!(
                "setx {v}, %r1\nsetx 1, %r3\ntst %r1\n{op} yes\nmov %r0, %r3\nyes: ret %r3"
            );
            check(&text, Int(taken.into()));
        }
    }
}

#[test]
fn string_comparison() {
    let cmp = |a: &str, b: &str, op: &str| {
        let set = |s: &str, r: u8| match s {
            "NULL" => format!("mov %r0, %r{r}"),
            _ => format!("sets \"{s}\", %r{r}"),
        };
        format!(
            "{}\n{}\nsetx 1, %r3\nscmp %r1, %r2\n{op} yes\nmov %r0, %r3\nyes: ret %r3",
            set(a, 1),
            set(b, 2)
        )
    };
    for (a, b, op, expect) in [
        ("cat", "cat", "be", 1),
        ("cat", "cats", "bl", 1),
        ("cats", "cat", "bg", 1),
        ("\\xff", "a", "bg", 1),
        ("NULL", "", "be", 1),
        ("NULL", "a", "bl", 1),
        ("", "NULL", "be", 1),
        // Equal in the 15 bytes that are looked at.
        ("0123456789abcdeX", "0123456789abcdeY", "be", 1),
        ("0123456789abcdX", "0123456789abcdY", "be", 0),
    ] {
        check(&cmp(a, b, op), Int(expect));
    }
    check(
        "setx 8, %r1\nscmp %r0, %r1\nret %r0",
        F(Fault::BadAddr, 4, 8),
    );
}

#[test]
fn loads() {
    for (op, expect) in [
        ("ldsb", -0x7f),
        ("ldsh", -0x7d7f),
        ("ldsw", -0x7b7c_7d7f),
        ("ldub", 0x81),
        ("lduh", 0x8281),
        ("lduw", 0x8483_8281),
        ("ldx", 0x8887_8685_8483_8281u64 as i64),
    ] {
        for prefix in ["", "r"] {
            check(
                &format!("setx 0x1000, %r1\n{prefix}{op} [%r1], %r2\nret %r2"),
                Int(expect),
            );
            check(
                &format!("{prefix}{op} [%r0], %r2\nret %r2"),
                F(Fault::BadAddr, 0, 0),
            );
        }
    }
    for (op, expect) in [
        ("uldsb", -1),
        ("uldsh", -0x101),
        ("uldsw", -0x0302_0101),
        ("uldub", 0xff),
        ("ulduh", 0xfeff),
        ("ulduw", 0xfcfd_feff),
        ("uldx", 0xf8f9_fafb_fcfd_feffu64 as i64),
    ] {
        check(
            &format!("setx 0x1000, %r1\n{op} [%r1], %r2\nret %r2"),
            Int(expect),
        );
        check(
            &format!("setx 0x9000, %r1\n{op} [%r1], %r2\nret %r2"),
            F(Fault::BadAddr, 4, 0x9000),
        );
    }
    // Misaligned is fine, past the end is not.
    check(
        "setx 0x1001, %r1\nldx [%r1], %r2\nret %r2",
        Int(0x0188_8786_8584_8382),
    );
    check(
        "setx 0x1002, %r1\nldx [%r1], %r2\nret %r2",
        F(Fault::BadAddr, 4, 0x1002),
    );
    check(
        "setx -1, %r1\nldx [%r1], %r2\nret %r2",
        F(Fault::BadAddr, 4, u64::MAX),
    );
    // The engine's own memory is the kernel's, not the user's.
    check("sets \"a\", %r1\nldub [%r1], %r2\nret %r2", Int(97));
    check("sets \"a\", %r1\nlduh [%r1], %r2\nret %r2", Int(97));
    let strtab = 0x0dd1u64 << 48;
    check(
        "sets \"a\", %r1\nlduw [%r1], %r2\nret %r2",
        F(Fault::BadAddr, 4, strtab + 1),
    );
    check(
        "sets \"a\", %r1\nuldub [%r1], %r2\nret %r2",
        F(Fault::BadAddr, 4, strtab + 1),
    );
}

#[test]
fn scratch() {
    let alloc = "setx 16, %r1\nallocs %r1, %r2\nsetx -2, %r3\n";
    for (op, expect) in [
        ("stb", 0xfe),
        ("sth", 0xfffe),
        ("stw", 0xffff_fffe),
        ("stx", -2),
    ] {
        check(
            &format!("{alloc}{op} %r3, [%r2]\nldx [%r2], %r4\nret %r4"),
            Int(expect),
        );
        check(
            &format!("{op} %r3, [%r2]\nret %r4").replace("%r2", "%r1"),
            F(Fault::BadAddr, 0, 0),
        );
    }
    check(&format!("{alloc}ldx [%r2], %r4\nret %r4"), Int(0));
    // A store beyond what is allocated; and into what may only be read.
    check(
        &format!("{alloc}setx 9, %r4\nadd %r2, %r4, %r2\nstx %r3, [%r2]\nret %r4"),
        F(Fault::BadAddr, 20, (0x0dd2 << 48) + 9),
    );
    check(
        "sets \"abc\", %r1\nstb %r0, [%r1]\nret %r0",
        F(Fault::BadAddr, 4, (0x0dd1 << 48) + 1),
    );
    check(
        "setx 0x1000, %r1\nstb %r0, [%r1]\nret %r0",
        F(Fault::BadAddr, 4, 0x1000),
    );
    check(
        "setx -1, %r1\nallocs %r1, %r2\nret %r2",
        F(Fault::NoScratch, 4, 0),
    );
    check(
        "setx 16385, %r1\nallocs %r1, %r2\nret %r0",
        F(Fault::NoScratch, 4, 0),
    );
    check("setx 16384, %r1\nallocs %r1, %r2\nret %r0", Int(0));
    check(
        "setx 16384, %r1\nallocs %r1, %r2\nallocs %r0, %r2\nret %r0",
        F(Fault::NoScratch, 8, 0),
    );
    // copys.
    let copy = "setx 8, %r1\nallocs %r1, %r2\nsets \"abcdef\", %r3\n";
    check(
        &format!("{copy}setx 3, %r4\ncopys %r3, %r4, %r2\nldx [%r2], %r5\nret %r5"),
        Int(0x63_6261),
    );
    check(
        &format!(".ret str\n{copy}setx 7, %r4\ncopys %r3, %r4, %r2\nret %r2"),
        Str("abcdef"),
    );
    check(
        &format!("{copy}setx 9, %r4\ncopys %r3, %r4, %r2\nret %r0"),
        F(Fault::BadAddr, 16, 0x0dd2 << 48),
    );
    check(
        &format!("{copy}setx 3, %r4\ncopys %r0, %r4, %r2\nret %r0"),
        F(Fault::BadAddr, 16, 0),
    );
    check(&format!("{copy}copys %r0, %r0, %r2\nret %r0"), Int(0));
    // Gone with the clause.
    let mut state = State::new();
    check_in(
        ".var p 0x500 clause u64\nsetx 8, %r1\nallocs %r1, %r1\nstls %r1, p\nret %r0",
        &mut state,
        &Int(0),
    );
    let again = ".var p 0x500 clause u64\nldls p, %r1\nldx [%r1], %r1\nret %r1";
    check_in(again, &mut state, &Int(0));
    state.begin_clause();
    check_in(again, &mut state, &F(Fault::BadAddr, 4, 0x0dd2 << 48));
}

#[test]
fn builtins() {
    check("ldgs pid, %r1\nret %r1", Int(0x1_0000_0116));
    check(".ret str\nldgs execname, %r1\nret %r1", Str("execname"));
    check("setx 3, %r1\nldga args, %r1, %r2\nret %r2", Int(0x3333));
    check(
        "setx 10, %r1\nldga args, %r1, %r2\nret %r2",
        F(Fault::IllOp, 4, 0),
    );
    check("ldga uregs, %r0, %r2\nret %r2", F(Fault::IllOp, 0, 0));
    check("ldta args, %r0, %r2\nret %r2", F(Fault::IllOp, 0, 0));
    // A built-in string can't be written to.
    check(
        "ldgs execname, %r1\nstb %r0, [%r1]\nret %r0",
        F(Fault::BadAddr, 4, (0x0dd4 << 48) + (0x118 << 24)),
    );
}

#[test]
fn scalars() {
    for (scope, ld, st) in [
        ("global", "ldgs", "stgs"),
        ("thread", "ldts", "stts"),
        ("clause", "ldls", "stls"),
    ] {
        for (ty, stored, loaded) in [
            ("i64", -1i64, -1i64),
            ("i32", 0x1_8000_0000, -0x8000_0000),
            ("u32", -1, 0xffff_ffff),
            ("i16", 0x8000, -0x8000),
            ("u16", -1, 0xffff),
            ("i8", 0x17f, 0x7f),
            ("u8", -1, 0xff),
        ] {
            check(
                &format!(
                    ".var x 0x500 {scope} {ty}\nsetx {stored}, %r1\n{st} %r1, x\n{ld} x, %r2\nret %r2"
                ),
                Int(loaded),
            );
            check(
                &format!(".var x 0x500 {scope} {ty}\n{ld} x, %r2\nret %r2"),
                Int(0),
            );
        }
        let var = format!(".ret str\n.var s 0x500 {scope} str\n");
        check(
            &format!("{var}sets \"abc\", %r1\n{st} %r1, s\n{ld} s, %r2\nret %r2"),
            Str("abc"),
        );
        check(
            &format!("{var}setx 0x2000, %r1\n{st} %r1, s\n{ld} s, %r2\nret %r2"),
            Str("kernel string t"),
        );
        check(
            &format!("{var}setx 0x3000, %r1\n{st} %r1, s\nret %r0"),
            F(Fault::BadAddr, 4, 0x3000),
        );
        let var = format!(".var s 0x500 {scope} str\n");
        check(
            &format!("{var}sets \"a\", %r1\n{st} %r1, s\n{st} %r0, s\n{ld} s, %r2\nret %r2"),
            Int(0),
        );
        let var = format!(".var b 0x500 {scope} bytes(12)\n");
        check(
            &format!("{var}setx 0x4000, %r1\n{st} %r1, b\n{ld} b, %r2\nlduw [%r2], %r3\nret %r3"),
            Int(0x3332_3130),
        );
        let beyond = format!(
            "{var}setx 0x4000, %r1\n{st} %r1, b\n{ld} b, %r2\nsetx 5, %r1\nadd %r1, %r2, %r2\n"
        );
        check(
            &format!("{beyond}ldx [%r2], %r3\nret %r3"),
            F(Fault::BadAddr, 20, (0x0dd3 << 48) + 5),
        );
        // By-reference variables can be stored into.
        let part = format!(
            "{var}setx 0x4000, %r1\n{st} %r1, b\n{ld} b, %r2\nstb %r0, [%r2]\n{ld} b, %r2\n"
        );
        check(&format!("{part}lduw [%r2], %r3\nret %r3"), Int(0x3332_3100));
    }
    // Never stored: empty where storage is static, NULL where it is dynamic.
    check(
        ".ret str\n.var s 0x500 global str\nldgs s, %r1\nret %r1",
        Str(""),
    );
    check(
        ".ret str\n.var s 0x500 clause str\nldls s, %r1\nret %r1",
        Str(""),
    );
    check(".var s 0x500 thread str\nldts s, %r1\nret %r1", Int(0));
}

#[test]
fn lifetimes() {
    let vars = ".var g 0x500 global i64\n.var t 0x501 thread i64\n.var l 0x502 clause i64\n";
    let get = |ld: &str, x: &str| format!("{vars}{ld} {x}, %r1\nret %r1");
    let mut state = State::new();
    state.begin_firing();
    let set = format!("{vars}setx 5, %r1\nstgs %r1, g\nstts %r1, t\nstls %r1, l\nret %r1");
    check_in(&set, &mut state, &Int(5));
    state.begin_clause();
    check_in(&get("ldls", "l"), &mut state, &Int(5));
    state.begin_firing();
    check_in(&get("ldgs", "g"), &mut state, &Int(5));
    check_in(&get("ldts", "t"), &mut state, &Int(5));
    check_in(&get("ldls", "l"), &mut state, &Int(0));
    let mut other = world();
    other.thread = 8;
    assert_eq!(
        run_in(&get("ldts", "t"), &mut state, &mut other),
        Ok((0, Vec::new()))
    );
    let (_, defs) = assemble(vars).unwrap();
    assert_eq!(state.snapshot(&defs).len(), 2);
    check_in(&format!("{vars}stts %r0, t\nret %r0"), &mut state, &Int(0));
    assert_eq!(state.snapshot(&defs).len(), 1);
}

#[test]
fn associative_arrays() {
    for (scope, ld, st) in [("global", "ldgaa", "stgaa"), ("thread", "ldtaa", "sttaa")] {
        let var = format!(".var a 0x500 {scope} i32 i64 str\n");
        let key = |n: i64, s: &str| {
            format!("setx {n}, %r1\nsets \"{s}\", %r2\nflushts\npushtv int, %r1\npushtr str, %r2\n")
        };
        let mut state = State::new();
        let set = format!("{var}{}setx -7, %r3\n{st} %r3, a\nret %r0", key(1, "abc"));
        check_in(&set, &mut state, &Int(0));
        let get = |n, s| format!("{var}{}{ld} a, %r3\nret %r3", key(n, s));
        check_in(&get(1, "abc"), &mut state, &Int(-7));
        check_in(&get(2, "abc"), &mut state, &Int(0));
        check_in(&get(1, "ab"), &mut state, &Int(0));
        check_in(
            &format!("{var}{}{st} %r0, a\nret %r0", key(1, "abc")),
            &mut state,
            &Int(0),
        );
        check_in(&get(1, "abc"), &mut state, &Int(0));
        assert!(state.snapshot(&assemble(&var).unwrap().1).is_empty());
        // The key is read where it is used.
        check(
            &format!("{var}flushts\npushtv int, %r0\npushtr str, %r0\n{ld} a, %r1\nret %r1"),
            F(Fault::BadAddr, 12, 0),
        );
    }
    let strs = ".ret str\n.var a 0x500 global str bytes(4)\n";
    let key = "setx 0x1000, %r1\nflushts\npushtr int, %r1\n";
    check(
        &format!("{strs}{key}sets \"v\", %r2\nstgaa %r2, a\nldgaa a, %r3\nret %r3"),
        Str("v"),
    );
    let strs = ".var a 0x500 global str bytes(4)\n";
    check(&format!("{strs}{key}ldgaa a, %r3\nret %r3"), Int(0));
    // popts takes the last key off; nine are too many.
    let one = ".var a 0x500 global i64 i64\n";
    check(
        &format!(
            "{one}pushtv int, %r0\npushtv int, %r1\npopts\nstgaa %r1, a\nldgaa a, %r2\nret %r2"
        ),
        Int(0),
    );
    check(
        &format!("{}ret %r0", "pushtv int, %r0\n".repeat(9)),
        F(Fault::TupOflow, 32, 0),
    );
}

/// An argument of a call: a number, a string, NULL.
enum A {
    N(i64),
    S(&'static str),
}
use A::{N, S};

fn call_text(name: &str, args: &[A], rtype: &str) -> String {
    let mut text = format!(".ret {rtype}\n");
    let mut pushes = String::from("flushts\n");
    for (n, a) in args.iter().enumerate() {
        let r = n + 1;
        match a {
            N(v) => {
                text += &format!("setx {v}, %r{r}\n");
                pushes += &format!("pushtv int, %r{r}\n");
            }
            S(s) => {
                text += &format!("sets \"{s}\", %r{r}\n");
                pushes += &format!("pushtr str, %r{r}\n");
            }
        }
    }
    format!("{text}{pushes}call {name}, %r7\nret %r7")
}

fn call(name: &str, args: &[A], expect: Out) {
    let rtype = if matches!(expect, Str(_)) {
        "str"
    } else {
        "i64"
    };
    check(&call_text(name, args, rtype), expect);
}

#[test]
fn string_subroutines() {
    call("strlen", &[S("")], Int(0));
    call("strlen", &[S("abc")], Int(3));
    call("strlen", &[N(0x2000)], Int(15));
    call("strlen", &[N(0)], F(Fault::BadAddr, 12, 0));
    call("strlen", &[N(0x3000)], F(Fault::BadAddr, 12, 0x3000));
    // Sixteen bytes without a NUL: all are read, fifteen count.
    call("strlen", &[N(0x4000)], Int(15));
    call("strlen", &[N(0x4001)], F(Fault::BadAddr, 12, 0x4001));

    call("strjoin", &[S("abc"), S("def")], Str("abcdef"));
    call("strjoin", &[S(""), S("")], Str(""));
    call(
        "strjoin",
        &[S("01234567"), S("89abcde")],
        Str("0123456789abcde"),
    );
    call(
        "strjoin",
        &[S("01234567"), S("89abcdef")],
        F(Fault::NoScratch, 20, 0),
    );

    call("substr", &[S("hello"), N(1)], Str("ello"));
    call("substr", &[S("hello"), N(0), N(5)], Str("hello"));
    call("strchr", &[S("a/b/c"), N(i64::from(b'/'))], Str("/b/c"));
    call(
        "strchr",
        &[S("a/b/c"), N(i64::from(b'/') + 256)],
        Str("/b/c"),
    );
    call("strrchr", &[S("a/b/c"), N(i64::from(b'/'))], Str("/c"));
    call("strchr", &[S("abc"), N(0)], Str(""));
    call("strchr", &[S("abc"), N(i64::from(b'x'))], Int(0));
    call("strstr", &[S("abcabc"), S("ca")], Str("cabc"));
    call("strstr", &[S("abc"), S("")], Str("abc"));
    call("strstr", &[S("abc"), S("abcd")], Int(0));
    call("index", &[S("abcabc"), S("bc")], Int(1));
    call("index", &[S("abcabc"), S("bc"), N(2)], Int(4));
    call("rindex", &[S("abcabc"), S("bc")], Int(4));
    call("rindex", &[S("abcabc"), S("bc"), N(3)], Int(1));
    call("basename", &[S("/usr/lib/")], Str("lib"));
    call("dirname", &[S("/usr/lib/")], Str("/usr"));
    call("cleanpath", &[S("/a/../b")], Str("/b"));
    call("toupper", &[S("aBc1z{")], Str("ABC1Z{"));
    call("tolower", &[S("AbC1Z[")], Str("abc1z["));
    call("lltostr", &[N(-42)], Str("-42"));
    call("lltostr", &[N(-1), N(2)], Str("111111111111111"));
    call("lltostr", &[N(1), N(1)], F(Fault::IllOp, 20, 0));
    call("lltostr", &[N(1), N(37)], F(Fault::IllOp, 20, 0));
    call("strtoll", &[S("0x1f"), N(16)], Int(31));
    call("strtoll", &[S("12")], Int(12));
    call("strtoll", &[S("1"), N(0)], F(Fault::IllOp, 20, 0));
    call("json", &[S("{'a':1}"), S("a")], Int(0));
    call("json", &[S("[10,[20,30]]"), S("[1][1]")], Str("30"));
}

#[test]
fn other_subroutines() {
    call("rand", &[], Int(4));
    call("htons", &[N(0x7_1234)], Int(0x3412));
    call("ntohs", &[N(0x1234)], Int(0x3412));
    call("htonl", &[N(0x7_1234_5678)], Int(0x7856_3412));
    call("ntohl", &[N(1)], Int(0x100_0000));
    call("htonll", &[N(1)], Int(1 << 56));
    call(
        "ntohll",
        &[N(0x0102_0304_0506_0708)],
        Int(0x0807_0605_0403_0201),
    );
    call("getmajor", &[N(0x80_0011)], Int(8));
    call("getminor", &[N(0x80_0011)], Int(17));
    call("inet_ntoa", &[N(0x5000)], Str("127.0.0.1"));
    call("inet_ntoa6", &[N(0x6000)], Str("2001:db8::1"));
    call("inet_ntop", &[N(2), N(0x5000)], Str("127.0.0.1"));
    call("inet_ntop", &[N(10), N(0x6000)], Str("2001:db8::1"));
    call("inet_ntop", &[N(3), N(0x5000)], F(Fault::IllOp, 20, 0));
    call("inet_ntoa", &[N(8)], F(Fault::BadAddr, 12, 8));
    call("copyinstr", &[N(0x3000)], Str("/etc/passwd"));
    call("copyinstr", &[N(0x3000), N(4)], Str("/etc"));
    call("copyinstr", &[N(0x3000), N(0)], Str(""));
    call("copyinstr", &[N(0x3000), N(-1)], Str("/etc/passwd"));
    call("copyinstr", &[N(0x2000)], Str("user string, lo"));
    call("copyinstr", &[N(0x4000)], F(Fault::BadAddr, 12, 0x4000));
    call("copyinstr", &[N(0), N(0)], F(Fault::BadAddr, 20, 0));
    call("copyin", &[N(0x3000), N(12)], Str("/etc/passwd"));
    call("copyin", &[N(0x4000), N(12)], F(Fault::BadAddr, 20, 0x4000));
    call(
        "copyin",
        &[N(0x3000), N(1 << 40)],
        F(Fault::NoScratch, 20, 0),
    );
    call("mutex_owned", &[N(0)], F(Fault::IllOp, 12, 0));

    let buf = ".ret str\nsetx 8, %r1\npushtv int, %r1\ncall alloca, %r2\n";
    let bcopy =
        "flushts\npushtv int, %r3\npushtv int, %r2\npushtv int, %r4\ncall bcopy, %r5\nret %r2";
    check(
        &format!("{buf}sets \"abc\", %r3\nsetx 4, %r4\n{bcopy}"),
        Str("abc"),
    );
    check(
        &format!("{buf}setx 8, %r3\nsetx 4, %r4\n{bcopy}"),
        F(Fault::BadAddr, 36, 8),
    );
    let into =
        "flushts\npushtv int, %r3\npushtv int, %r4\npushtv int, %r2\ncall copyinto, %r5\nret %r2";
    check(
        &format!("{buf}setx 0x3000, %r3\nsetx 4, %r4\n{into}"),
        Str("/etc"),
    );
    check(
        &format!("{buf}setx 0x3000, %r3\nsetx 9, %r4\n{into}"),
        F(Fault::BadAddr, 36, 0x0dd2 << 48),
    );
}

#[test]
fn strtok_goes_on() {
    let first = |s: &str, d: &str| {
        format!(
            ".ret str\nsets \"{s}\", %r1\nsets \"{d}\", %r2\npushtr str, %r1\npushtr str, %r2\ncall strtok, %r3\nret %r3"
        )
    };
    let next = |d: &str, ret: &str| {
        format!(
            ".ret {ret}\nsets \"{d}\", %r2\npushtv int, %r0\npushtr str, %r2\ncall strtok, %r3\nret %r3"
        )
    };
    let mut state = State::new();
    state.begin_firing();
    check_in(&first(",a,b;c,", ","), &mut state, &Str("a"));
    state.begin_clause();
    check_in(&next(",", "str"), &mut state, &Str("b;c"));
    check_in(&next(",", "i64"), &mut state, &Int(0));
    check_in(&next(",", "i64"), &mut state, &Int(0));
    check_in(&first("a,b", ","), &mut state, &Str("a"));
    // The delimiter that ended the last token is skipped only if it still is one.
    check_in(&next(";", "str"), &mut state, &Str(",b"));
    check_in(&first("a,b", ","), &mut state, &Str("a"));
    state.begin_firing();
    check_in(&next(",", "i64"), &mut state, &Int(0));
}

#[test]
fn unverified_code_faults() {
    let difo = |text: Vec<u32>| Difo {
        text,
        inttab: Vec::new(),
        strtab: Vec::new(),
        rtype: DifType::Void,
        spans: Vec::new(),
    };
    let ill = |text: Vec<u32>| {
        let got = run(
            &difo(text.clone()),
            &[],
            &mut State::new(),
            &mut world(),
            STRSIZE,
        );
        assert!(
            matches!(
                got,
                Err(FaultInfo {
                    fault: Fault::IllOp,
                    ..
                })
            ),
            "{text:x?}: {got:?}"
        );
    };
    ill(vec![]);
    ill(vec![0]);
    ill(vec![Insn::branch(Op::Ba, 0).encode()]);
    ill(vec![Insn::r(Op::Nop, 0, 0, 0).encode()]);
    ill(vec![Insn::r(Op::Ret, 0, 0, 8).encode()]);
    ill(vec![Insn::r(Op::Mov, 0, 0, 0).encode()]);
    ill(vec![Insn::wide(Op::Setx, 0, 1).encode()]);
    ill(vec![Insn::wide(Op::Ldgs, 0x500, 1).encode()]);
    ill(vec![Insn::wide(Op::Call, Subr::Strlen as u16, 1).encode()]);
    ill(vec![Insn::wide(Op::Call, 999, 1).encode()]);
}
