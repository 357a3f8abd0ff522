//! Where D text comes from besides the script: the C preprocessor (-C), libraries (-L).

mod common;

use common::{Ended, run};
use std::path::{Path, PathBuf};

/// A directory of files for one test.
struct Files(PathBuf);

impl Files {
    fn new(test: &str, files: &[(&str, &str)]) -> Files {
        let dir = std::env::temp_dir().join(format!("dtrace-text-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        for (name, text) in files {
            std::fs::write(dir.join(name), text).expect("a file");
        }
        Files(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the machine has a C preprocessor; says so if not.
fn cpp(test: &str) -> bool {
    let there = std::env::var_os("PATH")
        .is_some_and(|p| std::env::split_paths(&p).any(|d| d.join("cpp").is_file()));
    if !there {
        println!("SKIP text::{test}: there is no cpp");
    }
    there
}

/// Only compiles.
fn compiled(args: &[&str]) -> Ended {
    let mut all = vec!["-e", "-x", "errtags"];
    all.extend(args);
    run(&all)
}

#[track_caller]
fn good(e: &Ended) {
    assert_eq!(e.status, Some(0), "{}", e.shown());
}

#[track_caller]
fn bad(e: &Ended, text: &str) {
    assert_eq!(e.status, Some(1), "{}", e.shown());
    assert!(e.err.contains(text), "no {text:?} in {}", e.shown());
}

#[test]
fn the_preprocessor_defines_includes_and_keeps_lines() {
    if !cpp("the_preprocessor_defines_includes_and_keeps_lines") {
        return;
    }
    let script = "#!/usr/sbin/dtrace -Cs\n#include \"other.h\"\n#ifndef __SUNW_D\n#error no D\n#endif\n\
        #if __SUNW_D_VERSION < 0x01000000\n#error too old\n#endif\n#ifdef GONE\n#error still there\n#endif\n\
        BEGIN { trace(OTHER + GIVEN); linux = 1; }\nBEGIN { trace(nosuch); }\n";
    let files = Files::new("cpp", &[("a.d", script), ("other.h", "#define OTHER 3\n")]);
    let a = files.path("a.d");
    let e = compiled(&["-C", "-D", "GIVEN=4", "-D", "GONE", "-U", "GONE", "-s", &a]);
    // The only mistake is the one that is there, on the line that it is on.
    bad(&e, "[D_IDENT_UNDEF] line 13: failed to resolve nosuch");
    assert_eq!(e.err.matches("[D_").count(), 1, "{}", e.shown());
    // Without -C the control lines are errors that name it.
    bad(&compiled(&["-s", &a]), "use -C to run it");
    let e = compiled(&["-C", "-H", "-D", "GIVEN=4", "-s", &a]);
    assert!(
        e.err.contains(". ") && e.err.contains("other.h"),
        "{}",
        e.shown()
    );
    // An error in what is included names that file.
    let files = Files::new(
        "cpp2",
        &[
            ("a.d", "#include <inc.h>\nBEGIN { exit(0); }\n"),
            ("inc.h", "\nint int;\n"),
        ],
    );
    let e = compiled(&["-C", "-I", &files.path(""), "-s", &files.path("a.d")]);
    bad(&e, "inc.h\", line 2:");
}

#[test]
fn the_preprocessor_runs_over_programs_of_the_command_line() {
    if !cpp("the_preprocessor_runs_over_programs_of_the_command_line") {
        return;
    }
    good(&compiled(&[
        "-C",
        "-D",
        "WHERE=BEGIN",
        "-n",
        "WHERE { trace(1); }",
    ]));
    good(&compiled(&[
        "-C",
        "-Xs",
        "-n",
        "\n#ifdef __STDC__\n#error defined\n#endif\nBEGIN",
    ]));
    bad(
        &compiled(&["-C", "-n", "\n#error on purpose\nBEGIN"]),
        "failed to preprocess -n",
    );
    bad(
        &compiled(&["-C", "-x", "cpppath=/no/such/cpp", "-n", "BEGIN"]),
        "failed to run the preprocessor /no/such/cpp",
    );
    bad(
        &compiled(&["-n", "#pragma D option cpp\nBEGIN"]),
        "Option cannot be used from within a D program",
    );
}

fn with_library(dir: &Path, program: &str) -> Ended {
    compiled(&["-L", &dir.to_string_lossy(), "-n", program])
}

#[test]
fn libraries_are_compiled_in_the_order_of_their_dependencies() {
    let files = Files::new(
        "lib",
        &[
            (
                "a.d",
                "#pragma D depends_on library b.d\ninline int twice[int n] = 2 * base[n];\n",
            ),
            ("b.d", "inline int base[int n] = n + 1;\n"),
            (
                "needs.d",
                "#pragma D depends_on library nosuch.d\nthis is not even D;\n",
            ),
            ("not-d.txt", "nor is this"),
        ],
    );
    good(&with_library(&files.0, "BEGIN { trace(twice[3]); }"));
    let e = compiled(&[
        "-x",
        "nolibs",
        "-L",
        &files.path(""),
        "-n",
        "BEGIN { trace(twice[3]); }",
    ]);
    bad(&e, "[D_IDENT_UNDEF]");
    let files = Files::new("lib2", &[("wrong.d", "int x;\nint y = ;\n")]);
    bad(&with_library(&files.0, "BEGIN"), "wrong.d\"");
    bad(
        &with_library(Path::new("/no/such/dir"), "BEGIN"),
        "failed to open library directory /no/such/dir",
    );
}
