//! Whole sessions: records in, text out, against the samples of the reference.

use super::mock::{Built, MockSession, int, record, string};
use super::*;
use dsl::format::{Conv, ConvKind, Format, Piece, Size};
use dsl::program::{AggFunc, Datum, KeyType};

fn look() -> Look {
    Look {
        datum: Style {
            stackindent: 14,
            ..Style::default()
        },
        ..Look::default()
    }
}

fn run(
    built: &Built,
    records: Vec<Vec<u8>>,
    look: Look,
    mut session: MockSession,
) -> (String, String, Option<i32>) {
    session.records.extend(records);
    let enabling = Enabling {
        program: &built.program,
        records: &built.records,
        aggs: &built.aggs,
        probes: &built.probes,
        epids: &built.epids,
    };
    let mut c = Consumer::new(enabling, look, Out::memory());
    c.symbols = Symbols::fixed(&[
        (0x1000, "vmlinux", "vfs_open"),
        (0x2000, "vmlinux", "path_openat"),
    ]);
    c.drain(&mut session).expect("drained");
    c.end_of_records();
    c.print_rest(&mut session).expect("printed");
    let (out, err) = c.out.written();
    (out, err, c.exit_status())
}

fn check(built: &Built, records: Vec<Vec<u8>>, look: Look, want: &str) {
    assert_eq!(run(built, records, look, MockSession::default()).0, want);
}

const BEGIN: (&str, &str, &str, &str) = ("dtrace", "", "", "BEGIN");

pub fn text(s: &str) -> Format {
    Format {
        pieces: vec![Piece::Text(s.to_owned())],
    }
}

pub fn plain(kind: ConvKind, agg: bool, width: Size) -> Piece {
    Piece::Conv(Conv {
        kind,
        text: String::new(),
        left: width == Size::Fixed(10),
        plus: false,
        space: false,
        alt: false,
        zero: false,
        group: false,
        agg,
        width,
        prec: Size::None,
        modifier: 0,
    })
}

fn hello() -> Built {
    let mut b = Built::default();
    b.clause(
        BEGIN,
        vec![
            StmtKind::Printf {
                format: text("hi\n"),
                args: vec![],
            },
            StmtKind::Exit(int(4, true)),
        ],
    );
    b
}

#[test]
fn hello_as_in_the_sample() {
    let rec = record(0, 1, &[&0_i32.to_le_bytes()], &[]);
    check(
        &hello(),
        vec![rec.clone()],
        look(),
        "CPU     ID                    FUNCTION:NAME\n  1      1                           :BEGIN hi\n\n\n",
    );
    check(
        &hello(),
        vec![rec.clone()],
        Look {
            quiet: true,
            ..look()
        },
        "hi\n\n",
    );
    check(
        &hello(),
        vec![rec],
        Look {
            testing: true,
            ..look()
        },
        "                   FUNCTION:NAME\n                          :BEGIN hi\n\n",
    );
}

#[test]
fn exit_status_is_the_last_one() {
    let recs = vec![
        record(0, 0, &[&3_i32.to_le_bytes()], &[]),
        record(0, 0, &[&7_i32.to_le_bytes()], &[]),
    ];
    assert_eq!(
        run(&hello(), recs, look(), MockSession::default()).2,
        Some(7)
    );
}

#[test]
fn trace_quiet() {
    let mut b = Built::default();
    b.clause(BEGIN, vec![StmtKind::Trace(string())]);
    let rec = record(0, 0, &[&2_u32.to_le_bytes()], &[b"x\0"]);
    check(
        &b,
        vec![rec],
        Look {
            quiet: true,
            ..look()
        },
        "x\n",
    );
}

#[test]
fn printf_of_strings() {
    let mut b = Built::default();
    let format = Format {
        pieces: vec![
            plain(ConvKind::Str, false, Size::None),
            Piece::Text(" ".into()),
            plain(ConvKind::Str, false, Size::None),
        ],
    };
    b.clause(
        ("syscall", "vmlinux", "openat", "entry"),
        vec![StmtKind::Printf {
            format,
            args: vec![string(), string()],
        }],
    );
    b.probes[0].id = 2044;
    let rec = record(
        0,
        0,
        &[&3_u32.to_le_bytes(), &5_u32.to_le_bytes()],
        &[b"ls\0", b"/lib\0"],
    );
    check(
        &b,
        vec![rec],
        look(),
        "CPU     ID                    FUNCTION:NAME\n  0   2044                     openat:entry ls /lib\n\n",
    );
}

#[test]
fn default_action_is_the_line_alone() {
    let mut b = Built::default();
    b.clause(BEGIN, vec![]);
    check(
        &b,
        vec![record(0, 0, &[], &[])],
        look(),
        "CPU     ID                    FUNCTION:NAME\n  0      1                           :BEGIN \n\n",
    );
}

#[test]
fn a_stack_alone() {
    let mut b = Built::default();
    b.clause(
        ("fbt", "vmlinux", "vfs_open", "entry"),
        vec![
            StmtKind::Stack(Datum::Stack { frames: 20 }),
            StmtKind::Exit(int(4, true)),
        ],
    );
    let pcs: Vec<u8> = [0x1009_u64, 0x2833]
        .iter()
        .flat_map(|p| p.to_le_bytes())
        .collect();
    let rec = record(
        0,
        0,
        &[&16_u32.to_le_bytes(), &0_i32.to_le_bytes()],
        &[&pcs],
    );
    check(
        &b,
        vec![rec],
        look(),
        "CPU     ID                    FUNCTION:NAME
  0      1                   vfs_open:entry \n              vmlinux`vfs_open+0x9
              vmlinux`path_openat+0x833

\n",
    );
}

#[test]
fn flow_indentation() {
    let mut b = Built::default();
    b.clause(("syscall", "vmlinux", "read", "entry"), vec![]);
    b.clause(
        ("fbt", "vmlinux", "vfs_read", "entry"),
        vec![StmtKind::Trace(int(4, true))],
    );
    b.clause(("fbt", "vmlinux", "vfs_read", "return"), vec![]);
    b.clause(("syscall", "vmlinux", "read", "return"), vec![]);
    b.clause(("sched", "vmlinux", "", "on-cpu"), vec![]);
    let recs = vec![
        record(0, 0, &[], &[]),
        record(1, 0, &[&5_i32.to_le_bytes()], &[]),
        record(4, 0, &[], &[]),
        record(2, 0, &[], &[]),
        record(3, 0, &[], &[]),
    ];
    check(
        &b,
        recs,
        Look {
            flow: true,
            ..look()
        },
        "CPU FUNCTION                                 
  0  => read                                  
  0    -> vfs_read                                      5
  0     | :on-cpu                             
  0    <- vfs_read                            
  0  <= read                                  

",
    );
}

#[test]
fn aggregations_at_the_end() {
    let mut b = Built::default();
    b.agg(AggFunc::Count, &[KeyType::Str]);
    b.agg(AggFunc::Stddev, &[]);
    let mut s = MockSession::default();
    s.set(0, b"dtrace\0\0\0\0\0\0\0\0\0\0", &[2]);
    s.set(0, b"cat\0\0\0\0\0\0\0\0\0\0\0\0\0", &[2]);
    s.set(1, b"", &[2, 30, 500, 0]);
    let (out, err, _) = run(&b, vec![], look(), s);
    assert_eq!(
        out,
        "
  cat                                                               2
  dtrace                                                            2
                5
"
    );
    assert_eq!(err, "");
}

#[test]
fn printa_with_a_format() {
    let mut b = Built::default();
    let x = b.agg(
        AggFunc::Count,
        &[
            KeyType::Str,
            KeyType::Int {
                size: 4,
                signed: true,
            },
        ],
    );
    let format = Format {
        pieces: vec![
            plain(ConvKind::Str, false, Size::Fixed(10)),
            Piece::Text(" ".into()),
            plain(ConvKind::Dec, false, Size::None),
            Piece::Text(" ".into()),
            plain(ConvKind::Dec, true, Size::None),
            Piece::Text("\n".into()),
        ],
    };
    b.clause(
        ("dtrace", "", "", "END"),
        vec![StmtKind::Printa {
            format: Some(format),
            aggs: vec![x],
        }],
    );
    b.probes[0].id = 2;
    let mut s = MockSession::default();
    let key = |n: i32| [b"read\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(), &n.to_le_bytes()].concat();
    s.set(0, &key(268), &[2]);
    s.set(0, &key(266), &[1]);
    let (out, ..) = run(&b, vec![record(0, 0, &[], &[])], look(), s);
    assert_eq!(
        out,
        "CPU     ID                    FUNCTION:NAME
  0      2                             :END read       266 1
read       268 2

\n"
    );
}

#[test]
fn faults_use_the_classic_text() {
    let b = hello();
    let fault = |action: u16, code: u32, off: i32, addr: u64| {
        let mut r = record(0, 0, &[], &[]);
        r[4..6].copy_from_slice(&FAULT_RECORD.to_le_bytes());
        r.extend(0_u16.to_le_bytes());
        r.extend(action.to_le_bytes());
        r.extend(code.to_le_bytes());
        r.extend(off.to_le_bytes());
        r.extend(0_u32.to_le_bytes());
        r.extend(addr.to_le_bytes());
        r
    };
    let recs = vec![fault(1, 1, 16, 0), fault(0, 4, -1, 5), fault(2, 77, 4, 0)];
    let (out, err, _) = run(&b, recs, look(), MockSession::default());
    assert_eq!(
        err,
        "dtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): invalid address (0x0) in action #1 at DIF offset 16
dtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): divide-by-zero in predicate
dtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): unknown fault in action #2 at DIF offset 4
"
    );
    assert_eq!(out, "\n");
}

#[test]
fn tracemem_shows_as_much_as_asked() {
    let bytes = Datum::Bytes {
        difo: super::mock::difo(),
        size: 4,
        chars: false,
    };
    let mut b = Built::default();
    b.clause(
        BEGIN,
        vec![StmtKind::Tracemem {
            data: bytes,
            shown: Some(int(4, true)),
        }],
    );
    let quiet = Look {
        quiet: true,
        ..look()
    };
    for (n, want) in [
        (2_i32, "61 62   "),
        (4, "61 62 63 64"),
        (9, "61 62 63 64"),
        (-1, "61 62 63 64"),
    ] {
        let (out, ..) = run(
            &b,
            vec![record(0, 0, &[b"abcd", &n.to_le_bytes()], &[])],
            quiet,
            MockSession::default(),
        );
        assert!(out.contains(want), "{n}: {out}");
    }
}

#[test]
fn garbage_in_the_ring_is_no_panic() {
    let b = hello();
    for n in 0..40 {
        for byte in [0, 1, 0xff] {
            run(&b, vec![vec![byte; n]], look(), MockSession::default());
        }
    }
}

#[test]
fn drops_are_told_once() {
    let b = hello();
    let enabling = Enabling {
        program: &b.program,
        records: &b.records,
        aggs: &b.aggs,
        probes: &b.probes,
        epids: &b.epids,
    };
    let mut c = Consumer::new(enabling, look(), Out::memory());
    let mut s = MockSession::default();
    s.drops.per_cpu = vec![[0; tracer_ebpf::image::DROP_KINDS as usize]; 2];
    s.drops.per_cpu[1][0] = 3;
    c.report_drops(&mut s).expect("told");
    c.report_drops(&mut s).expect("told");
    s.drops.per_cpu[1][0] = 4;
    c.report_drops(&mut s).expect("told");
    assert_eq!(
        c.out.written().1,
        "dtrace: 3 drops on CPU 1\ndtrace: 1 drop on CPU 1\n"
    );
}
