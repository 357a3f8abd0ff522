//! `-l`: the probes that there are; with `-v` their stability and their arguments.

use crate::consume::out::Out;
use anyhow::Result;
use dsl::kernel::{ArgInfo, ArgType, KType, KTypeId, KernelView};
use dsl::program::ProbeDesc;
use std::fmt::Write as _;
use std::io::Write as _;
use tracer_ebpf::site::ProbeInfo;

/// Stability of names, of data, and the dependency class, as DTrace words them.
pub type Attributes = [&'static str; 3];

/// What a provider promises: of its probes, and of their arguments.
const PROVIDERS: &[(&str, Attributes, Attributes)] = &[
    (
        "dtrace",
        ["Stable", "Stable", "Common"],
        ["Stable", "Stable", "Common"],
    ),
    (
        "profile",
        ["Evolving", "Evolving", "Common"],
        ["Evolving", "Evolving", "Common"],
    ),
];

const PRIVATE: (Attributes, Attributes) = (
    ["Private", "Private", "Unknown"],
    ["Private", "Private", "ISA"],
);

/// Attributes of a provider's probes and of their arguments.
pub fn attributes(provider: &str) -> (Attributes, Attributes) {
    PROVIDERS
        .iter()
        .find(|p| p.0 == provider)
        .map_or(PRIVATE, |p| (p.1, p.2))
}

/// The lesser of two stabilities, each in its own right.
pub fn least(a: Option<Attributes>, b: Attributes) -> Attributes {
    const ORDER: [&[&str]; 3] = [
        &[
            "Internal", "Private", "Obsolete", "External", "Unstable", "Evolving", "Stable",
            "Standard",
        ],
        &[
            "Internal", "Private", "Obsolete", "External", "Unstable", "Evolving", "Stable",
            "Standard",
        ],
        &["Unknown", "CPU", "Platform", "Group", "ISA", "Common"],
    ];
    let Some(a) = a else { return b };
    let pick = |i: usize| {
        let rank = |w: &str| ORDER[i].iter().position(|o| *o == w);
        if rank(a[i]) <= rank(b[i]) { a[i] } else { b[i] }
    };
    [pick(0), pick(1), pick(2)]
}

/// The three lines under a heading.
pub fn attribute_lines(a: Attributes) -> String {
    format!(
        "\t\tIdentifier Names: {}\n\t\tData Semantics:   {}\n\t\tDependency Class: {}\n",
        a[0], a[1], a[2]
    )
}

/// The heading, once.
pub fn heading(out: &mut Out) {
    // Writing to a Vec never fails.
    let _ = writeln!(
        out.buf,
        "{:>5} {:>10} {:>17} {:>33} NAME",
        "ID", "PROVIDER", "MODULE", "FUNCTION"
    );
}

/// Rows of probes.
pub fn rows(out: &mut Out, probes: &[ProbeInfo], verbose: Option<&dyn KernelView>) -> Result<()> {
    for p in probes {
        let _ = writeln!(
            out.buf,
            "{:>5} {:>10} {:>17} {:>33} {}",
            p.id, p.provider, p.module, p.function, p.name
        );
        if let Some(kernel) = verbose {
            out.buf.extend_from_slice(details(p, kernel).as_bytes());
        }
        out.flush_if_full()?;
        if out.closed() {
            break;
        }
    }
    Ok(())
}

fn details(p: &ProbeInfo, kernel: &dyn KernelView) -> String {
    let desc = ProbeDesc {
        id: Some(p.id),
        ..ProbeDesc::default()
    };
    let args = kernel.match_probes(&desc, true).args.unwrap_or_default();
    let (probe, arg) = attributes(&p.provider);
    let mut s = format!(
        "\n\tProbe Description Attributes\n{}\n\tArgument Attributes\n{}\n\tArgument Types\n",
        attribute_lines(probe),
        attribute_lines(arg)
    );
    for (i, a) in args.iter().enumerate() {
        // Writing to a String never fails.
        let _ = writeln!(s, "\t\targs[{i}]: {}", arg_text(a, kernel));
    }
    if args.is_empty() {
        s.push_str("\t\tNone\n");
    }
    s.push('\n');
    s
}

fn arg_text(a: &ArgInfo, kernel: &dyn KernelView) -> String {
    match &a.ty {
        // The reference shows system calls' types without this qualifier.
        ArgType::C(text) => text.strip_prefix("const ").unwrap_or(text).to_owned(),
        ArgType::Kernel(id) => c_type(kernel, *id),
    }
}

/// A type in C's notation.
pub fn c_type(kernel: &dyn KernelView, id: KTypeId) -> String {
    declare(kernel, id, String::new(), 0)
}

/// Nothing declares deeper than this; a view that is wrong must not make us recurse for ever.
const DEPTH: u32 = 32;

/// C declarators read inside out: `inner` is what has been wrapped around the name so far.
fn declare(kernel: &dyn KernelView, id: KTypeId, inner: String, depth: u32) -> String {
    let plain = |name: String| match inner.is_empty() {
        true => name,
        false => format!("{name} {inner}"),
    };
    let tagged = |kind: &str, name: &str| {
        plain(if name.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind} {name}")
        })
    };
    let Some(ty) = kernel.ktype(id).filter(|_| depth < DEPTH) else {
        return plain("?".to_owned());
    };
    match ty {
        KType::Void => plain("void".to_owned()),
        KType::Int { name, .. } | KType::Float { name, .. } | KType::Typedef { name, .. } => {
            plain(name)
        }
        KType::Struct { name, .. } => tagged("struct", &name),
        KType::Union { name, .. } => tagged("union", &name),
        KType::Enum { name, .. } => tagged("enum", &name),
        KType::Forward { name } => tagged("struct", &name),
        KType::Ptr(to) => {
            let to_what = kernel.ktype(to);
            let inner = match to_what {
                Some(KType::Array { .. } | KType::Func { .. }) => format!("(*{inner})"),
                _ => format!("*{inner}"),
            };
            declare(kernel, to, inner, depth + 1)
        }
        KType::Array { elem, len } => declare(kernel, elem, format!("{inner}[{len}]"), depth + 1),
        KType::Const(of) => qualified("const", kernel, of, inner, depth),
        KType::Volatile(of) => qualified("volatile", kernel, of, inner, depth),
        KType::Transparent(of) => declare(kernel, of, inner, depth + 1),
        KType::Func { ret, params } => {
            let list: Vec<String> = params
                .iter()
                .map(|(_, t)| declare(kernel, *t, String::new(), depth + 1))
                .collect();
            let list = if list.is_empty() {
                "void".to_owned()
            } else {
                list.join(", ")
            };
            declare(kernel, ret, format!("{inner}({list})"), depth + 1)
        }
    }
}

/// A qualifier stands before a base type, and behind the star of a pointer.
fn qualified(
    word: &str,
    kernel: &dyn KernelView,
    of: KTypeId,
    inner: String,
    depth: u32,
) -> String {
    match kernel.ktype(of) {
        Some(KType::Ptr(_)) => {
            let sep = if inner.is_empty() { "" } else { " " };
            declare(kernel, of, format!("{word}{sep}{inner}"), depth + 1)
        }
        _ => format!("{word} {}", declare(kernel, of, inner, depth + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsl::kernel::{EmptyKernel, KSymbol, Matched, TypeNs};
    use std::sync::Arc;
    use tracer_ebpf::site::Site;

    /// Types by index.
    struct Types(Vec<KType>);
    impl KernelView for Types {
        fn type_by_name(&self, _: Option<&str>, _: TypeNs, _: &str) -> Option<KTypeId> {
            None
        }
        fn ktype(&self, id: KTypeId) -> Option<KType> {
            self.0.get(id.0 as usize).cloned()
        }
        fn symbol(&self, _: Option<&str>, _: &str) -> Option<KSymbol> {
            None
        }
        fn enumerator(&self, _: &str) -> Option<i64> {
            None
        }
        fn match_probes(&self, _: &ProbeDesc, _: bool) -> Matched {
            let arg = |name: &str, ty| ArgInfo {
                name: name.into(),
                ty,
            };
            let args = vec![
                arg("a", ArgType::C("int".into())),
                arg("b", ArgType::Kernel(KTypeId(1))),
            ];
            Matched {
                count: 1,
                args: Some(args),
                nearest: vec![],
            }
        }
    }

    fn types() -> Types {
        let id = KTypeId;
        let int = |name: &str| KType::Int {
            name: name.into(),
            size: 4,
            signed: true,
            bool_: false,
            char_: false,
        };
        Types(vec![
            int("char"),
            KType::Ptr(id(0)),
            KType::Const(id(0)),
            KType::Ptr(id(2)),
            KType::Struct {
                name: "file".into(),
                size: 8,
                members: vec![],
            },
            KType::Ptr(id(4)),
            KType::Func {
                ret: id(1),
                params: vec![("x".into(), id(0)), ("y".into(), id(5))],
            },
            KType::Ptr(id(6)),
            KType::Array {
                elem: id(1),
                len: 3,
            },
            KType::Ptr(id(8)),
            KType::Const(id(1)),
            KType::Ptr(id(11)),
            KType::Func {
                ret: id(13),
                params: vec![],
            },
            KType::Void,
            KType::Union {
                name: String::new(),
                size: 8,
                members: vec![],
            },
        ])
    }

    #[test]
    fn c_notation() {
        let t = types();
        for (id, want) in [
            (0, "char"),
            (1, "char *"),
            (3, "const char *"),
            (5, "struct file *"),
            (7, "char *(*)(char, struct file *)"),
            (8, "char *[3]"),
            (9, "char *(*)[3]"),
            (10, "char *const"),
            (12, "void (void)"),
            (14, "union"),
            (99, "?"),
        ] {
            assert_eq!(c_type(&t, KTypeId(id)), want);
        }
        // A pointer to itself ends.
        assert!(c_type(&t, KTypeId(11)).len() < 100);
    }

    fn probe() -> ProbeInfo {
        ProbeInfo {
            id: 2044,
            provider: Arc::from("syscall"),
            module: Arc::from("vmlinux"),
            function: Arc::from("openat"),
            name: Arc::from("entry"),
            site: Site::Begin,
        }
    }

    #[test]
    fn rows_like_the_sample() {
        let mut out = Out::memory();
        heading(&mut out);
        rows(&mut out, &[probe()], None).expect("written");
        assert_eq!(
            out.written().0,
            "   ID   PROVIDER            MODULE                          FUNCTION NAME
 2044    syscall           vmlinux                            openat entry
"
        );
    }

    #[test]
    fn details_like_the_sample() {
        let mut out = Out::memory();
        rows(&mut out, &[probe()], Some(&types())).expect("written");
        assert_eq!(
            out.written().0,
            " 2044    syscall           vmlinux                            openat entry

\tProbe Description Attributes
\t\tIdentifier Names: Private
\t\tData Semantics:   Private
\t\tDependency Class: Unknown

\tArgument Attributes
\t\tIdentifier Names: Private
\t\tData Semantics:   Private
\t\tDependency Class: ISA

\tArgument Types
\t\targs[0]: int
\t\targs[1]: char *

"
        );
        let mut out = Out::memory();
        rows(&mut out, &[probe()], Some(&EmptyKernel)).expect("written");
        assert!(out.written().0.ends_with("\tArgument Types\n\t\tNone\n\n"));
    }
}
