//! Builds the module's virtual machine for user space, where a feature asks for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "host-vm")]
    host_vm();
}

#[cfg(feature = "host-vm")]
fn host_vm() {
    const SOURCES: [&str; 6] = ["load", "verify", "map", "service", "vm", "host/host"];
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
        println!("cargo::rustc-link-arg=-fsanitize=address,undefined");
    }
    cc.compile("dt_host_vm");
}
