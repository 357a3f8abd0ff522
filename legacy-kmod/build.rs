//! Builds the module's virtual machine for user space, where a feature asks for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "host-vm")]
    host_vm();
}

#[cfg(feature = "host-vm")]
fn host_vm() {
    const SOURCES: [&str; 7] = [
        "load",
        "verify",
        "map",
        "service",
        "vm",
        "host/host",
        "host/storm",
    ];
    println!("cargo::rerun-if-changed=kmod");
    let mut cc = cc::Build::new();
    for name in SOURCES {
        cc.file(format!("kmod/{name}.c"));
    }
    // The same dialect and warnings as a kernel of 2009 asks for.
    cc.std("gnu89")
        .flag("-Wdeclaration-after-statement")
        .flag("-Wvla")
        .opt_level(2)
        .warnings(true);
    cc.extra_warnings(true).warnings_into_errors(true);
    if cfg!(feature = "host-vm-sanitize") {
        cc.flag("-fsanitize=address,undefined")
            .flag("-fno-sanitize-recover=all");
        cc.flag("-fno-omit-frame-pointer");
        link_runtimes(&cc);
    }
    if cfg!(feature = "fuzz") {
        cc.flag("-fsanitize-coverage=trace-pc,trace-cmp");
        println!("cargo::rustc-link-arg=-Wl,--wrap=__sanitizer_cov_trace_pc");
    }
    cc.compile("dt_host_vm");
    if cfg!(feature = "fuzz") {
        // Not counted itself.
        cc::Build::new()
            .file("kmod/host/cover.c")
            .opt_level(2)
            .compile("dt_cover");
    }
}

/// rustc links with -nodefaultlibs, so the compiler driver does not add the
/// sanitizers' runtimes; and in a shared one malloc would come too late.
#[cfg(feature = "host-vm")]
fn link_runtimes(cc: &cc::Build) {
    for (name, whole) in [("libasan.a", true), ("libubsan.a", false)] {
        let asked = cc
            .get_compiler()
            .to_command()
            .arg(format!("-print-file-name={name}"))
            .output();
        let path = asked.map_or(String::new(), |out| {
            String::from_utf8_lossy(&out.stdout).trim().to_owned()
        });
        assert!(
            path.contains('/'),
            "the compiler has no {name}: host-vm-sanitize needs gcc's static runtimes"
        );
        let path = if whole {
            format!("-Wl,--whole-archive,{path},--no-whole-archive")
        } else {
            path
        };
        println!("cargo::rustc-link-arg={path}");
    }
    for arg in ["-ldl", "-lrt", "-lpthread", "-lm", "-lstdc++"] {
        println!("cargo::rustc-link-arg={arg}");
    }
}
