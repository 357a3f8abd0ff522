//! Build and test chores: `cargo xtask <command>`.
//!
//! Nothing here is needed to use `dtrace`, and no crate of the tracer is linked in: chores drive `cargo` and the
//! built binaries from outside, as a user would. CI calls nothing but `.ci/run`, which calls nothing but cargo and this.

mod apt;
mod bench;
mod cpio;
mod debian;
mod dist;
mod fuzz;
mod golden;
mod image;
mod kernels;
mod kmod;
mod matrix;
mod qemu;
mod sh;
mod survive;
mod test;
mod tidy;
mod vm;
mod wire;

use std::process::ExitCode;

/// One chore. The table is dispatch and help text both.
struct Command {
    name: &'static str,
    args: &'static str,
    help: &'static str,
    run: fn(&[String]) -> anyhow::Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        args: "[cargo test arguments]",
        help: "install what the tests need, run them all, count skips honestly",
        run: test::run,
    },
    Command {
        name: "setup",
        args: "[test|vm|bench]",
        help: "only install the Debian packages that a chore needs (default: test)",
        run: apt::run,
    },
    Command {
        name: "tidy",
        args: "",
        help: "check the invariants that ARCHITECTURE.md states",
        run: tidy::run,
    },
    Command {
        name: "golden",
        args: "[-p crate]",
        help: "rewrite expected outputs (BLESS=1 cargo test) and show what changed",
        run: golden::run,
    },
    Command {
        name: "vm",
        args: "<kernel> [--timeout S] [--file host=guest] [--get guest=host] [--kernel image] [--kdir build tree] -- <command…>",
        help: "boot a kernel in QEMU and run a command in it",
        run: vm::run,
    },
    Command {
        name: "kernels",
        args: "[--fetch]",
        help: "the kernels of ci/kernels.toml, and whether they are here",
        run: kernels::run,
    },
    Command {
        name: "matrix",
        args: "[--kernel name] [--engine ebpf|kmod] [--group name] [--minutes N]",
        help: "every group of tests on every kernel that can be had",
        run: matrix::run,
    },
    Command {
        name: "survive",
        args: "<kernel> [--scale N] [--only part of a name] [--kernel image] [--kdir build tree]",
        help: "what the kernel module must survive: loads, kills, faults, unloading; audited after each",
        run: survive::run,
    },
    Command {
        name: "dist",
        args: "",
        help: "the static dtrace, shown to start on every kernel that can be had",
        run: dist::run,
    },
    Command {
        name: "fuzz",
        args: "[text|tokens]… [--seconds N] [--keep]",
        help: "mangled input for the compiler and the module, guided by coverage",
        run: fuzz::run,
    },
    Command {
        name: "bench",
        args: "[part of a name]",
        help: "our times beside bpftrace's, in pairs",
        run: bench::run,
    },
    Command {
        name: "help",
        args: "",
        help: "this text",
        run: help,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let name = if matches!(name, "-h" | "--help") {
        "help"
    } else {
        name
    };
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        eprintln!("xtask: no chore is named `{name}`; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help(_: &[String]) -> anyhow::Result<ExitCode> {
    println!("cargo xtask <command>\n");
    for c in COMMANDS {
        println!("  {:<10} {}", c.name, c.help);
        if !c.args.is_empty() {
            println!("  {:<10}   {} {}", "", c.name, c.args);
        }
    }
    Ok(ExitCode::SUCCESS)
}
