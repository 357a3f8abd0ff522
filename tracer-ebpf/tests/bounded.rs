//! Loops for kernels without `may_goto` (before Linux 6.9), which the verifier goes through as often as they can run: each
//! string subroutine alone in a program has to be within its limits, at the default `strsize`; all together where subprograms
//! are global (Linux 5.6). The present kernel's verifier
//! stands for those kernels'; `engines` compares what the code computes.

#![cfg(feature = "live")]

use tracer_ebpf::backend::{Backend, LoadOptions};
use tracer_ebpf::caps::Caps;
use tracer_ebpf::live::EbpfBackend;
use tracer_ebpf::plan::plan;
use tracer_ebpf::{LowerOpts, lower};

/// D expressions, and what they give.
const CASES: &[(&str, &str)] = &[
    (r#"cleanpath("/a/./b/../../c//d/..")"#, "/c/"),
    (r#"json("{\"a\": [1, {\"b\": \"x\"}]}", "a[1].b")"#, "x"),
    (r#"basename("/a/b/c")"#, "c"),
    (r#"dirname("/a/b/c")"#, "/a/b"),
    (r#"toupper("abc")"#, "ABC"),
    (r#"strtok("a b", " ")"#, "a"),
    (r#"lltostr(rindex("abcabc", "ab"))"#, "3"),
    (r#"lltostr(index("abcabc", "ca"))"#, "2"),
    (r#"lltostr(strtoll("-12"))"#, "-12"),
    (r#"strchr("abc", 'b')"#, "bc"),
    (r#"strstr("abc", "bc")"#, "bc"),
    (r#"strrchr("abcb", 'b')"#, "b"),
    (r#"tolower("ABC")"#, "abc"),
    (r#"lltostr(index("abcabc", "ab", 1))"#, "3"),
    (r#"lltostr(-255)"#, "-255"),
    (r#"inet_ntoa((ipaddr_t *)"\x7f\x01\x02\x03")"#, "127.1.2.3"),
    (
        r#"link_ntop(1, "\x01\x02\x03\x04\x05\x06")"#,
        "01:02:03:04:05:06",
    ),
    (r#"memstr("ab", ' ', 4)"#, "ab "),
    (r#""abc" < "abd" ? "less" : "more""#, "less"),
];

/// As many, where subprograms are global.
const CASES_APART: &[(&str, &str)] = &[
    // A text to search for that may be as long as any.
    (r#"strstr("abcabd", strjoin("ab", "d"))"#, "abd"),
    (r#"lltostr(rindex("abcabc", strjoin("a", "b")))"#, "3"),
    // Many calls.
    (
        r#"strjoin(json("{\"a\": \"/b/./c\"}", "a"), strjoin(basename(cleanpath("/a/./b")), strjoin(dirname(toupper("/a/b")),
            strtok(lltostr(strtoll("-12") + rindex("aba", substr("ab", 1, 1)) + index("xa", "a", 1)), "-"))))"#,
        "/b/./cb/A10",
    ),
];

#[test]
fn loops_without_may_goto() {
    let backend = match EbpfBackend::new() {
        Ok(b) => b,
        Err(e) => return println!("SKIP loops_without_may_goto: {e}"),
    };
    let mut failed = Vec::new();
    let cases = [false, true]
        .into_iter()
        .flat_map(|global| CASES.iter().map(move |c| (global, c)))
        .chain(CASES_APART.iter().map(|c| (true, c)));
    for (global_subs, (expr, want)) in cases {
        let caps = Caps {
            may_goto: false,
            global_subs,
            ..backend.caps().clone()
        };
        let (_, program, diags) = dsl::compile_str(&format!("BEGIN{{trace({expr});}}"));
        assert!(diags.is_empty(), "{expr}: {diags:?}");
        let matches: Vec<_> = program
            .clauses
            .iter()
            .map(|c| backend.probes(&c.desc).expect("probes"))
            .collect();
        let plan = plan(&matches, &caps);
        let image = lower(&program, &plan, &caps, &LowerOpts::default()).expect(expr);
        let load = LoadOptions {
            place: &|_, _| String::new(),
            debug: false,
            cpu: None,
        };
        let mut session = match backend.load(&image, &load) {
            Ok(s) => s,
            Err(e) => {
                failed.push(format!("{expr}: {e}"));
                continue;
            }
        };
        session.go().expect("go");
        let mut records = Vec::new();
        session
            .poll(&mut |r| records.push(r.to_vec()))
            .expect("poll");
        let end = [want.as_bytes(), b"\0"].concat();
        if !records.iter().any(|r| r.ends_with(&end)) {
            failed.push(format!("{expr}: {records:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
