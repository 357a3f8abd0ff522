//! Provider declarations: `provider name { probe p(native arguments) : (arguments as the script sees them); };`
//!
//! What is declared gives `args[]` of the provider's probes their types, before whatever the kernel side knows of them: the
//! arguments of a program's own probes are nowhere else, and a library can show a probe's arguments through translators.
//! A translated argument takes its value from the native one of the same name, or, where names are missing, of the same place.

use super::Checker;
use super::tree::{TExpr, TKind};
use crate::ast::{Params, Provider};
use crate::diag::{Diag, Tag};
use crate::dif::BuiltinVar;
use crate::program::ProbeDesc;
use crate::source::Span;
use crate::types::TypeId;

/// As DTrace has it.
const MOST_ARGS: usize = 255;
/// Bytes of a provider's name, its NUL included.
const NAME_BYTES: usize = 64;

/// A declared provider.
pub(super) struct DeclaredProvider {
    name: String,
    probes: Vec<DeclaredProbe>,
    span: Span,
}

#[derive(Clone, PartialEq)]
struct DeclaredProbe {
    /// As a probe description has it.
    name: String,
    /// Types of what is passed.
    native: Vec<TypeId>,
    /// What the script sees: the type, and which native argument it is made of.
    seen: Vec<(TypeId, usize)>,
}

impl Checker<'_> {
    /// A declaration.
    pub(super) fn provider(&mut self, p: &Provider, span: Span) {
        let name = p.name.name.as_str();
        let bad_name = if name.len() >= NAME_BYTES {
            Some("is too long")
        } else if name.ends_with(|c: char| c.is_ascii_digit()) {
            // A process id follows it.
            Some("may not end with a digit")
        } else if name.contains('`') {
            Some("may not be scoped")
        } else {
            None
        };
        if let Some(why) = bad_name {
            let text = format!("provider name {name} {why}");
            return self.err(Tag::D_PROV_BADNAME, p.name.span, text);
        }
        let mut probes: Vec<DeclaredProbe> = Vec::new();
        for probe in &p.probes {
            let shown = probe.name.name.replace("__", "-");
            if probes.iter().any(|q| q.name == shown) {
                let text = format!("probe {shown} is declared twice in provider {name}");
                return self.err(Tag::D_PROV_PRDUP, probe.name.span, text);
            }
            let Some(native) = self.probe_params(&probe.native, &shown, probe.name.span) else {
                return;
            };
            let seen = match &probe.translated {
                None => native.iter().enumerate().map(|(n, t)| (t.1, n)).collect(),
                Some(params) => {
                    let Some(out) = self.probe_params(params, &shown, probe.name.span) else {
                        return;
                    };
                    let Some(seen) = self.seen_args(&native, &out, &shown, probe.name.span) else {
                        return;
                    };
                    seen
                }
            };
            probes.push(DeclaredProbe {
                name: shown,
                native: native.into_iter().map(|(_, t)| t).collect(),
                seen,
            });
        }
        if let Some(old) = self.providers.iter().find(|o| o.name == name) {
            let same = |a: &DeclaredProbe, b: &DeclaredProbe| {
                let list = |p: &DeclaredProbe| -> Vec<TypeId> {
                    let seen = p.seen.iter().map(|s| s.0);
                    p.native.iter().copied().chain(seen).collect()
                };
                let (x, y) = (list(a), list(b));
                a.native.len() == b.native.len()
                    && x.len() == y.len()
                    && x.iter().zip(&y).all(|(s, t)| self.types.same(*s, *t))
            };
            for new in &probes {
                if let Some(before) = old.probes.iter().find(|q| q.name == new.name)
                    && !same(before, new)
                {
                    let text = format!(
                        "provider {name} is incompatible with its earlier declaration: probe {} differs",
                        new.name
                    );
                    let d = Diag::new(Tag::D_PROV_INCOMP, span, text);
                    return self.report(d.note_at(old.span, "declared here before"));
                }
            }
        }
        self.providers.push(DeclaredProvider {
            name: name.to_owned(),
            probes,
            span,
        });
    }

    /// Names (empty where there are none) and types of a probe's parameters. `None`: reported.
    fn probe_params(
        &mut self,
        p: &Params,
        probe: &str,
        span: Span,
    ) -> Option<Vec<(String, TypeId)>> {
        if p.varargs {
            let text = format!("probe {probe} may not have a variable number of arguments");
            self.err(Tag::D_DECL_PROTO_VARARGS, span, text);
            return None;
        }
        if p.list.len() > MOST_ARGS {
            let text = format!(
                "probe {probe} has {} arguments, at most {MOST_ARGS} are possible",
                p.list.len()
            );
            self.err(Tag::D_PROV_PRARGLEN, span, text);
            return None;
        }
        let mut out = Vec::new();
        for x in &p.list {
            let ty = self.param(x)?;
            let name = x.declarator.name.as_ref().map_or("", |n| n.name.as_str());
            if self.types.is_void(ty) {
                if p.list.len() > 1 {
                    let text = "void must be the sole parameter in a probe's declaration";
                    self.err(Tag::D_DECL_PROTO_VOID, x.span, text);
                    return None;
                }
                if !name.is_empty() {
                    let text = format!("the parameter {name} of type void may not have a name");
                    self.err(Tag::D_DECL_PROTO_NAME, x.span, text);
                    return None;
                }
                continue;
            }
            if !self.types.is_scalar(ty) && !self.types.is_string(ty) {
                let text = format!(
                    "a probe cannot pass an argument of type {}",
                    self.types.name(ty)
                );
                self.err(Tag::D_DECL_PROTO_TYPE, x.span, text);
                return None;
            }
            out.push((name.to_owned(), ty));
        }
        Some(out)
    }

    /// Which native argument each one is that the script sees. `None`: reported.
    fn seen_args(
        &mut self,
        native: &[(String, TypeId)],
        out: &[(String, TypeId)],
        probe: &str,
        span: Span,
    ) -> Option<Vec<(TypeId, usize)>> {
        let mut seen = Vec::new();
        for (n, (name, ty)) in out.iter().enumerate() {
            let by_name = native
                .iter()
                .position(|(o, _)| !name.is_empty() && o == name);
            let Some((from, (_, have))) =
                by_name.or(Some(n)).and_then(|i| Some((i, native.get(i)?)))
            else {
                let text = format!(
                    "argument #{} of probe {probe} stands for none that is passed",
                    n + 1
                );
                self.err(Tag::D_PROV_PRXLATOR, span, text);
                return None;
            };
            let fits = self.types.same(*ty, *have) || self.translates(*have, *ty);
            if !fits {
                let text = format!(
                    "translator from \"{}\" to \"{}\" is not defined, and probe {probe} needs it for argument #{}",
                    self.types.name(*have),
                    self.types.name(*ty),
                    n + 1
                );
                self.err(Tag::D_PROV_PRXLATOR, span, text);
                return None;
            }
            seen.push((*ty, from));
        }
        Some(seen)
    }

    fn declared_probe(&self, desc: &ProbeDesc) -> Option<&DeclaredProbe> {
        let of = |p: &&DeclaredProvider| {
            let rest = desc.provider.strip_prefix(p.name.as_str());
            rest.is_some_and(|r| r.bytes().all(|b| b.is_ascii_digit()))
        };
        let mut probes = self.providers.iter().filter(of).flat_map(|p| &p.probes);
        probes.find(|p| p.name == desc.name)
    }

    /// Whether a provider of that name is declared.
    pub(super) fn declares_provider(&self, name: &str) -> bool {
        self.providers.iter().any(|p| p.name == name)
    }

    /// `args[i]` of a declared probe. `None`: it is not declared.
    pub(super) fn declared_arg(&mut self, desc: &ProbeDesc, i: i64, span: Span) -> Option<TExpr> {
        let probe = self.declared_probe(desc)?;
        let found = usize::try_from(i)
            .ok()
            .and_then(|i| probe.seen.get(i))
            .copied();
        let have = found.and_then(|(_, from)| probe.native.get(from).copied());
        let (Some((ty, from)), Some(have)) = (found, have) else {
            let text = format!("index {i} is out of range for {desc} args[ ]");
            return Some(self.bad(Tag::D_ARGS_IDX, span, text));
        };
        let index = TExpr::new(TKind::Int(from as i64), TypeId::UINT64, span);
        let native = TExpr::new(
            TKind::BuiltinArray(BuiltinVar::Args, Box::new(index)),
            have,
            span,
        );
        Some(if self.types.same(ty, have) {
            TExpr { ty, ..native }
        } else {
            TExpr::new(TKind::Xlate(Box::new(native)), ty, span)
        })
    }
}
