//! Tests of the text form, the verifier and the generator. The interpreter and the string functions have their own.

use super::asm::assemble;
use super::disasm::{listing, to_asm};
use super::generate::{Cfg, gen_difo, gen_difo_with, gen_vars};
use super::interp::{FaultInfo, State, World, run, value_string};
use super::testing::{FixedWorld, from_bytes, splitmix};
use super::verify::{PushKind, Rule, destructive, facts, verify, verify_vars};
use super::{Fault, Insn, Op, Shape};
use crate::program::{DifType, Difo, VarDef};

// Text.

/// One well-formed instance of every opcode.
fn sample(op: Op) -> Insn {
    match op.shape() {
        Shape::R3 => Insn::r(op, 1, 2, 3),
        Shape::R2 => Insn::r(op, 1, 0, 3),
        Shape::Cmp => Insn::r(op, 1, 2, 0),
        Shape::Tst => Insn::r(op, 7, 0, 0),
        Shape::Store => Insn::r(op, 1, 0, 3),
        Shape::Label => Insn::branch(op, 0x1_2345),
        Shape::Ret => Insn::r(op, 0, 0, 3),
        Shape::None => Insn::r(op, 0, 0, 0),
        Shape::SetX
        | Shape::SetS
        | Shape::LoadVar
        | Shape::StoreVar
        | Shape::Call
        | Shape::Xlate => Insn::wide(op, 0x123, 4),
        Shape::LoadArray => Insn::r(op, 2, 5, 6),
        Shape::Push => Insn::r(op, 1, 2, 3),
    }
}

fn difo(text: Vec<u32>) -> Difo {
    Difo {
        text,
        inttab: Vec::new(),
        strtab: vec![0],
        rtype: DifType::Int {
            size: 8,
            signed: true,
        },
        spans: Vec::new(),
    }
}

fn same(a: &[VarDef], b: &[VarDef]) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[test]
fn every_opcode_survives_text() {
    let mut words: Vec<u32> = Op::ALL.iter().map(|&op| sample(op).encode()).collect();
    words.push(Insn::r(Op::Pushtv, 0, 0, 1).encode());
    words.push(0xff00_0001);
    let d = difo(words);
    assert_eq!(assemble(&to_asm(&d, &[])).unwrap().0, d);
    // The listing, columns and all, reads back as well; only what no table names is missing from it.
    let text = listing(&d, &[], 0, 256);
    assert_eq!(assemble(&text).unwrap().0.text, d.text);
}

#[test]
fn tables_and_variables_survive_text() {
    let text = r#"
.var g 0x500 global i32
.var m 0x501 thread str i8 u64 str bytes(7) sym usym
.var l 0x502 clause bytes(16)
.ret bytes(4)
.int 0x1
.int 0xffffffffffffffff
.str "a \"b\" ! \\ \n\t\x01\xff"
.str "second"
    nop
    ret  %r0
"#;
    let (d, vars) = assemble(text).unwrap();
    let again = to_asm(&d, &vars);
    assert_eq!(again.trim(), text.trim());
    let (d2, vars2) = assemble(&again).unwrap();
    assert_eq!(d, d2);
    assert!(same(&vars, &vars2));
}

#[test]
fn golden_listing() {
    let text = r#"
.var hits 0x500 global i64
.var path 0x501 thread str
.var seen 0x502 global i32 str
        ldgs execname, %r1
        sets "cat", %r2
        scmp %r1, %r2
        be   yes
        ret  %r0
yes:    ldgs arg1, %r3
        flushts
        pushtv int, %r3
        call copyinstr, %r4
        stts %r4, path
        flushts
        pushtr str, %r4
        setx 1, %r5
        stgaa %r5, seen
        ldgs hits, %r6
        add  %r6, %r5, %r6
        stgs %r6, hits
        uldub [%r3], %r7
        setx 3, %r1
        ldga args, %r1, %r1
        ret  %r6
"#;
    let expect = "\
DIFO 0x7f returns D type (integer) (size 8)
OFF OPCODE      INSTRUCTION
00: 29011801    ldgs DT_VAR(280), %r1\t\t! DT_VAR(280) = \"execname\"
01: 26000102    sets DT_STRING[1], %r2\t\t! \"cat\"
02: 27010200    scmp %r1, %r2
03: 12000005    be   5
04: 23000000    ret  %r0
05: 29010703    ldgs DT_VAR(263), %r3\t\t! DT_VAR(263) = \"arg1\"
06: 33000000    flushts
07: 31000003    pushtv DT_TYPE(0), %r3\t! DT_TYPE(0) = D type
08: 2f000904    call DIF_SUBR(9), %r4\t\t! copyinstr
09: 2d050104    stts %r4, DT_VAR(1281)\t\t! DT_VAR(1281) = \"path\"
10: 33000000    flushts
11: 30010004    pushtr DT_TYPE(1), %r4\t! DT_TYPE(1) = string
12: 25000005    setx DT_INTEGER[0], %r5\t\t! 0x1
13: 36050205    stgaa %r5, DT_VAR(1282)\t\t! DT_VAR(1282) = \"seen\"
14: 29050006    ldgs DT_VAR(1280), %r6\t\t! DT_VAR(1280) = \"hits\"
15: 07060506    add  %r6, %r5, %r6
16: 2a050006    stgs %r6, DT_VAR(1280)\t\t! DT_VAR(1280) = \"hits\"
17: 43030007    uldub [%r3], %r7
18: 25000101    setx DT_INTEGER[1], %r1\t\t! 0x3
19: 28000101    ldga DT_VAR(0), %r1, %r1\t! DT_VAR(0) = \"args\"
20: 23000006    ret  %r6

NAME             ID   KND SCP FLAG TYPE
args             0    arr glb r    D type (unknown) (size 0)
arg1             107  scl glb r    D type (integer) (size 8)
execname         118  scl glb r    string (unknown) by ref (size 256)
hits             500  scl glb r/w  D type (integer) (size 8)
path             501  scl tls w    string (unknown) by ref (size 256)
seen             502  arr glb w    D type (integer) (size 4)
";
    let (d, vars) = assemble(text).unwrap();
    verify(&d, &vars).unwrap();
    assert_eq!(listing(&d, &vars, 0x7f, 256), expect);
    assert_eq!(assemble(expect).unwrap().0.text, d.text);
}

#[test]
fn assembler_messages() {
    for (text, expect) in [
        ("ret %r0\nfoo %r1", "line 2: no instruction foo"),
        ("ret 5", "line 1: no register: 5"),
        ("ba nowhere", "line 1: no label nowhere"),
        ("x: ret %r0\nx: ret %r0", "line 2: label x is there twice"),
        ("add %r1, %r2", "line 1: add does not take 2 operands"),
        ("ldgs nosuch, %r1", "line 1: no variable nosuch"),
        ("call nosuch, %r1", "line 1: no subroutine nosuch"),
        ("sets \"a\\0\", %r1", "line 1: unknown escape"),
        (".var x 0x500 global i65", "line 1: no type i65"),
        (".var x 0x500", "line 1: .var without scope"),
        ("setx 12q, %r1", "line 1: no number: 12q"),
    ] {
        assert_eq!(assemble(text).unwrap_err().to_string(), expect);
    }
}

// Verifier.

fn refused(text: &str, insn: usize, rule: Rule) {
    let (d, vars) = assemble(text).unwrap();
    let got = verify(&d, &vars).expect_err(text);
    assert_eq!((got.insn, got.rule), (insn, rule), "{text}");
}

#[test]
fn each_rule_refuses() {
    refused("", 0, Rule::Empty);
    refused("nop", 1, Rule::NoRet);
    refused(".word 0xff000000\nret %r0", 0, Rule::Opcode(0xff));
    refused(".word 0\nret %r0", 0, Rule::Opcode(0));
    refused(
        "xlate DT_XLREF[0], %r1\nret %r0",
        0,
        Rule::CompileTime("xlate"),
    );
    refused(
        "xlarg DT_XLREF[0], %r1\nret %r0",
        0,
        Rule::CompileTime("xlarg"),
    );
    refused("add %r8, %r1, %r2\nret %r0", 0, Rule::Register(8));
    refused("add %r1, %r9, %r2\nret %r0", 0, Rule::Register(9));
    refused("add %r1, %r1, %r10\nret %r0", 0, Rule::Register(10));
    refused("nop\nret %r8", 1, Rule::Register(8));
    for text in [
        "add %r1, %r1, %r0",
        "mov %r1, %r0",
        "ldx [%r1], %r0",
        "setx 1, %r0",
        "sets \"a\", %r0",
        "ldgs pid, %r0",
        "ldga args, %r0, %r0",
        "call rand, %r0",
        "stx %r1, [%r0]",
        "copys %r1, %r2, %r0",
        "allocs %r1, %r0",
    ] {
        refused(&format!("{text}\nret %r0"), 0, Rule::WritesR0);
    }
    for op in [
        "or", "ldx", "cmp", "tst", "ret", "nop", "flushts", "stb", "not",
    ] {
        let op = Op::ALL.iter().copied().find(|o| o.name() == op).unwrap();
        let full = Insn {
            op,
            r1: 1,
            r2: 2,
            rd: 3,
        };
        let (d, _) = assemble("ret %r0").unwrap();
        let d = Difo {
            text: vec![full.encode(), d.text[0]],
            ..d
        };
        if op == Op::Or {
            verify(&d, &[]).unwrap();
        } else {
            assert_eq!(
                verify(&d, &[]).unwrap_err().rule,
                Rule::NotZero,
                "{}",
                op.name()
            );
        }
    }
    refused("ba 0\nret %r0", 0, Rule::Label(0));
    refused("nop\nba 0\nret %r0", 1, Rule::Label(0));
    refused("ba 2\nret %r0", 0, Rule::Label(2));
    refused("setx DT_INTEGER[0], %r1\nret %r0", 0, Rule::Integer(0));
    refused("sets DT_STRING[1], %r1\nret %r0", 0, Rule::String(1));
    refused("ldgs 0x4ff, %r1\nret %r0", 0, Rule::Builtin(0x4ff));
    refused("ldgs args, %r1\nret %r0", 0, Rule::Builtin(0));
    refused("ldga 3, %r1, %r1\nret %r0", 0, Rule::Builtin(3));
    refused("ldgs 0x500, %r1\nret %r0", 0, Rule::Undefined(0x500));
    refused("stgs %r1, pid\nret %r0", 0, Rule::Undefined(0x116));
    let vars = ".var g 0x500 global i64\n.var t 0x501 thread i64\n.var l 0x502 clause i64\n.var a 0x503 global i64 i64\n.var b 0x504 thread i64 str\n";
    for (text, id) in [
        ("ldts g, %r1", 0x500),
        ("stls %r1, g", 0x500),
        ("ldgs t, %r1", 0x501),
        ("stts %r1, l", 0x502),
        ("ldgs a, %r1", 0x503),
        ("ldgaa g, %r1", 0x500),
        ("ldtaa a, %r1", 0x503),
        ("ldgaa b, %r1", 0x504),
    ] {
        refused(&format!("{vars}{text}\nret %r0"), 0, Rule::VarKind(id));
    }
    refused("call 999, %r1\nret %r0", 0, Rule::Subroutine(999));
    refused("call strlen, %r1\nret %r0", 0, Rule::Arity("strlen", 0));
    refused(
        "pushtv int, %r1\npushtv int, %r1\ncall strlen, %r1\nret %r0",
        2,
        Rule::Arity("strlen", 2),
    );
    refused("pushtr DT_TYPE(2), %r1\nret %r0", 0, Rule::PushType(2));
    refused("pushtv DT_TYPE(1), %r1\nret %r0", 0, Rule::PushType(1));
    refused("popts\nret %r0", 0, Rule::TupleEmpty);
    refused(&format!("{vars}ldgaa a, %r1\nret %r0"), 0, Rule::TupleType);
    refused(
        &format!("{vars}pushtr str, %r1\nldgaa a, %r1\nret %r0"),
        1,
        Rule::TupleType,
    );
    refused(
        &format!("{vars}pushtv int, %r1\nldtaa b, %r1\nret %r0"),
        1,
        Rule::TupleType,
    );
    refused(
        &format!("{vars}pushtr int, %r1\nldtaa b, %r1\nret %r0"),
        1,
        Rule::TupleType,
    );
    let one_path = "tst %r1\nbe 3\npushtv int, %r1\n";
    refused(
        &format!("{one_path}call strlen, %r1\nret %r0"),
        3,
        Rule::TupleUnknown,
    );
    refused(
        &format!("{one_path}pushtv int, %r1\nret %r0"),
        3,
        Rule::TupleUnknown,
    );
    refused(&format!("{one_path}popts\nret %r0"), 3, Rule::TupleUnknown);
    refused("be 1\nret %r0", 0, Rule::NoFlags);
    refused("tst %r1\nbe 3\ntst %r2\nbe 4\nret %r0", 3, Rule::NoFlags);

    let (good, _) = assemble("ret %r0").unwrap();
    let with = |f: &dyn Fn(&mut Difo)| {
        let mut d = good.clone();
        f(&mut d);
        verify(&d, &[]).unwrap_err().rule
    };
    assert_eq!(with(&|d| d.text = vec![d.text[0]; 65537]), Rule::TooLong);
    assert_eq!(with(&|d| d.strtab = b"a\0".to_vec()), Rule::StringTable);
    assert_eq!(with(&|d| d.strtab = b"\0a".to_vec()), Rule::StringTable);
    assert_eq!(
        with(&|d| d.spans = vec![Default::default(); 2]),
        Rule::Spans(2)
    );
    assert_eq!(
        with(&|d| d.rtype = DifType::Int {
            size: 3,
            signed: false
        }),
        Rule::ResultType
    );
    assert_eq!(
        with(&|d| d.rtype = DifType::Bytes { size: 0 }),
        Rule::ResultType
    );
}

#[test]
fn what_is_allowed() {
    for text in [
        // Flags reach a branch over two paths from one comparison.
        "cmp %r1, %r2\nbe 3\nbg 3\nbl 4\nret %r0",
        // Paths that disagree about the tuple stack, then flushts.
        "tst %r1\nbe 3\npushtv int, %r1\nflushts\npushtv int, %r1\ncall strlen, %r1\nret %r0",
        // Dead code obeys the rules of form only.
        "ret %r0\nbe 3\npopts\nret %r0",
        // The ninth push faults when it is run.
        "pushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\npushtv int, %r0\nret %r0",
        "ldta args, %r0, %r1\nret %r1",
        "stgs %r0, g\nret %r0\n.var g 0x500 global i64",
    ] {
        let text = match text.split_once(".var") {
            Some((code, var)) => format!(".var{var}\n{code}"),
            None => text.to_string(),
        };
        let (d, vars) = assemble(&text).unwrap();
        verify(&d, &vars).unwrap_or_else(|e| panic!("{e}: {text}"));
    }
}

#[test]
fn variable_table() {
    for (text, id, why) in [
        (".var x 0x4ff global i64", 0x4ff, "the id is a built-in's"),
        (
            ".var x 0x500 global i64\n.var y 0x500 thread i64",
            0x500,
            "defined twice",
        ),
        (".var x 0x500 global bytes(0)", 0x500, "empty or too large"),
        (
            ".var x 0x500 global bytes(16385)",
            0x500,
            "empty or too large",
        ),
        (".var x 0x500 global void", 0x500, "has no type"),
        (
            ".var x 0x500 clause i64 i64",
            0x500,
            "clause-local associative array",
        ),
        (
            ".var x 0x500 global i64 bytes(0)",
            0x500,
            "a key of no valid size",
        ),
        (".var x 0x500 global i64 stack(5)", 0x500, "a stack as key"),
        (
            ".var x 0x500 global i64 i8 i8 i8 i8 i8 i8 i8 i8 i8",
            0x500,
            "more keys than tuple registers",
        ),
    ] {
        let vars = assemble(text).unwrap().1;
        assert_eq!(verify_vars(&vars), Err(Rule::VarTable(id, why)), "{text}");
    }
}

#[test]
fn facts_name_the_pushes_and_the_comparison() {
    let (d, vars) =
        assemble("cmp %r1, %r2\nflushts\npushtr str, %r1\npushtv int, %r2\nbe 6\nret %r0\nret %r1")
            .unwrap();
    let f = facts(&d, &vars).unwrap();
    let at = f[6].as_ref().unwrap();
    assert_eq!(at.flags, Some(0));
    let tuple: Vec<_> = at
        .tuple
        .as_ref()
        .unwrap()
        .iter()
        .map(|p| (p.insn, p.kind))
        .collect();
    assert_eq!(tuple, [(2, PushKind::Str), (3, PushKind::Value)]);
    assert!(!destructive(&d));
    let (d, _) = assemble("call copyout, %r1\nret %r0").unwrap();
    assert!(destructive(&d));
}

/// Words near what is valid: verify must not panic, and what it lets through must run to an end.
#[test]
fn random_words_never_panic() {
    let mut draw = splitmix(42);
    let vars = gen_vars(&mut draw, &Cfg::all());
    let mut passed = 0;
    for round in 0..60_000u32 {
        let len = 1 + draw() % 6;
        let mut text: Vec<u32> = (0..len)
            .map(|_| {
                let r = draw();
                match r % 4 {
                    0 => draw() as u32,
                    1 => (r >> 32) as u32 & 0x7f07_0707,
                    2 => sample(Op::ALL[(r >> 8) as usize % Op::ALL.len()]).encode(),
                    _ => {
                        let op = Op::ALL[(r >> 8) as usize % Op::ALL.len()];
                        Insn::wide(
                            op,
                            [0, 1, 0x500, 0x501, 12, 0x116][(r >> 16) as usize % 6],
                            (r >> 24) as u8 & 7,
                        )
                        .encode()
                    }
                }
            })
            .collect();
        if round % 8 != 0 {
            text.push(Insn::r(Op::Ret, 0, 0, (draw() % 8) as u8).encode());
        }
        let d = Difo {
            inttab: vec![1, u64::MAX],
            strtab: b"\0ab\0".to_vec(),
            ..difo(text)
        };
        let ok = verify(&d, &vars).is_ok();
        // Not verified: still no panic, still an end.
        let _ = run(&d, &vars, &mut State::new(), &mut FixedWorld::new(), 16);
        let _ = listing(&d, &vars, 0, 16);
        passed += u32::from(ok);
    }
    assert!(passed > 1000, "only {passed} passed");
}

// Generator.

#[derive(Default)]
struct Tally {
    ran: u32,
    faults: u32,
    by_kind: std::collections::BTreeMap<&'static str, u32>,
    strings: u32,
    ops: std::collections::BTreeSet<&'static str>,
}

fn run_generated(cfg: &Cfg, seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    let mut world = FixedWorld::new();
    for seed in seeds {
        let mut draw = splitmix(seed);
        let (d, vars) = gen_difo(&mut draw, cfg);
        let show = || format!("seed {seed}\n{}", to_asm(&d, &vars));
        verify_vars(&vars).unwrap_or_else(|e| panic!("{e}: {}", show()));
        verify(&d, &vars).unwrap_or_else(|e| panic!("{e}: {}", show()));
        let mut state = State::new();
        // Twice, so that the second run finds variables set.
        for _ in 0..2 {
            state.begin_firing();
            let got = run(&d, &vars, &mut state, &mut world, cfg.strsize);
            tally.ran += 1;
            match got {
                Ok(v) if d.rtype == DifType::Str => {
                    tally.strings += 1;
                    let s = value_string(&d, &mut state, &mut world, cfg.strsize, v);
                    assert!(cfg.faults || s.is_ok(), "{}", show());
                }
                Ok(_) => {}
                Err(f) => {
                    tally.faults += 1;
                    *tally.by_kind.entry(f.fault.text()).or_default() += 1;
                    assert!(cfg.faults, "{f:?}: {}", show());
                    assert_ne!(f.fault, Fault::BadAlign);
                }
            }
        }
        tally.ops.extend(
            d.text
                .iter()
                .filter_map(|&w| Insn::decode(w))
                .map(|i| i.op.name()),
        );
    }
    tally
}

#[test]
fn generated_programs_verify_and_run() {
    let t = run_generated(&Cfg::all(), 0..100_000);
    assert_eq!(t.ran, 200_000);
    println!(
        "{} runs, {} string results, {} faults: {:?}",
        t.ran, t.strings, t.faults, t.by_kind
    );
    // Faults are there but don't drown the rest.
    assert!(
        t.faults > 10_000 && t.faults < 140_000,
        "{} faults",
        t.faults
    );
    assert!(t.strings > 10_000, "{} strings", t.strings);
    let missing: Vec<&str> = Op::ALL
        .iter()
        .map(|op| op.name())
        .filter(|n| !t.ops.contains(n) && !n.starts_with('r') && !n.starts_with("xl"))
        .collect();
    assert!(missing.is_empty(), "never generated: {missing:?}");
}

#[test]
fn without_faults_none_happens() {
    for strsize in [256, 16, 64] {
        let cfg = Cfg {
            faults: false,
            strsize,
            ..Cfg::all()
        };
        assert_eq!(run_generated(&cfg, 0..10_000).faults, 0);
    }
    assert_eq!(run_generated(&Cfg::arithmetic(), 0..10_000).faults, 0);
}

#[test]
fn generated_programs_survive_text() {
    for seed in 0..2_000 {
        let (d, vars) = gen_difo(&mut splitmix(seed), &Cfg::all());
        let (d2, vars2) = assemble(&to_asm(&d, &vars)).unwrap();
        assert_eq!(d, d2, "seed {seed}");
        assert!(same(&vars, &vars2));
    }
}

/// The same program in the same world gives the same result, and never looks at where memory lies: moving the
/// engine's variables and scratch changes nothing.
#[test]
fn results_do_not_depend_on_addresses() {
    let cfg = Cfg::all();
    let mut world = FixedWorld::new();
    for seed in 0..20_000 {
        let mut draw = splitmix(seed);
        let vars = gen_vars(&mut draw, &cfg);
        let d = gen_difo_with(&mut draw, &cfg, &vars);
        let once = |shift: u32, world: &mut FixedWorld| {
            let mut state = State::new();
            state.begin_firing();
            for _ in 0..shift {
                state.skip_addresses();
            }
            let got = run(&d, &vars, &mut state, world, cfg.strsize);
            let got = match (got, d.rtype) {
                (Ok(v), DifType::Str) => {
                    Ok(Err(value_string(&d, &mut state, world, cfg.strsize, v)))
                }
                (Ok(v), _) => Ok(Ok(v)),
                (Err(f), _) => Err::<_, FaultInfo>(f),
            };
            (got, state.snapshot(&vars))
        };
        assert_eq!(
            once(0, &mut world),
            once(3, &mut world),
            "seed {seed}\n{}",
            to_asm(&d, &vars)
        );
    }
}

#[test]
fn fuzzer_bytes_drive_the_generator() {
    for data in [&b""[..], b"\x01\x02\x03", &[0xff; 64]] {
        let (d, vars) = gen_difo(&mut from_bytes(data), &Cfg::all());
        verify(&d, &vars).unwrap();
        let mut world = FixedWorld::new();
        let world: &mut dyn World = &mut world;
        let _ = run(&d, &vars, &mut State::new(), world, 256);
    }
}
