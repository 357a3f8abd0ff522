//! Pragmas that are about names: attributes, bindings, dependencies.
//!
//! They may stand before what they name, so they are looked at twice: what is to hold for the program is noted at the start,
//! and at the end each has to have named something.

use super::Checker;
use crate::ast::{
    Ast, AttrTarget, Attributes, DepClass, Dependency, Name, PragmaKind, Stability, Version,
};
use crate::builtin::{ActionRow, AggRow, SubrRow, VarRow};
use crate::diag::Tag;
use crate::program::ProbeDesc;
use crate::source::Span;

/// What is known of an interface that nobody said anything about.
pub(super) const STABLE: Attributes = Attributes {
    name: Stability::Stable,
    data: Stability::Stable,
    class: DepClass::Common,
};
/// The kernel's own names: its next version may have others.
pub(super) const PRIVATE: Attributes = Attributes {
    name: Stability::Private,
    data: Stability::Private,
    class: DepClass::Unknown,
};

impl Checker<'_> {
    /// Before any item.
    pub(super) fn note_pragmas(&mut self, ast: &Ast) {
        for p in &ast.pragmas {
            match &p.kind {
                PragmaKind::Option { name, value } => {
                    self.opts.set(&name.name, value.as_deref());
                    let option = (name.name.clone(), value.clone(), p.span);
                    self.program.options.push(option);
                }
                PragmaKind::Attributes { attrs, target } => {
                    if let AttrTarget::Name(Name {
                        scope: None, name, ..
                    }) = target
                    {
                        self.attributes.insert(name.clone(), *attrs);
                    }
                }
                PragmaKind::Binding { version, name } => {
                    self.bindings.insert(name.name.clone(), *version);
                }
                PragmaKind::DependsOn { .. } => {}
            }
        }
    }

    /// After all items.
    pub(super) fn check_pragmas(&mut self, ast: &Ast) {
        for p in &ast.pragmas {
            match &p.kind {
                PragmaKind::Option { .. } => {}
                PragmaKind::Attributes { target, .. } => match target {
                    AttrTarget::Name(n) if n.scope.is_some() => {
                        let text = format!(
                            "#pragma attributes cannot be applied to {}`{}: it is the kernel's",
                            n.scope.as_deref().unwrap_or_default(),
                            n.name
                        );
                        self.err(Tag::D_PRAGMA_SCOPE, n.span, text);
                    }
                    AttrTarget::Name(n) => self.check_named("attributes", &n.name, n.span),
                    AttrTarget::Provider { provider, .. } => {
                        if !self.provider_exists(&provider.name) {
                            let text =
                                format!("unused #pragma attributes provider {}", provider.name);
                            self.err(Tag::D_PRAGMA_UNUSED, provider.span, text);
                        }
                    }
                },
                PragmaKind::Binding { name, .. } => {
                    self.check_named("binding", &name.name, name.span)
                }
                PragmaKind::DependsOn { kind, name } => {
                    let met = match kind {
                        Dependency::Provider => self.provider_exists(&name.name),
                        Dependency::Module => self.module_exists(&name.name),
                        // Only libraries depend on libraries, and one whose dependency is not met is not compiled.
                        Dependency::Library => true,
                    };
                    if !met {
                        let text = format!("program requires {} {}", kind.word(), name.name);
                        self.err(Tag::D_PRAGMA_DEPEND, name.span, text);
                    }
                }
            }
        }
    }

    fn check_named(&mut self, pragma: &str, name: &str, span: Span) {
        let known = self.globals.contains_key(name)
            || VarRow::by_name(name).is_some()
            || SubrRow::by_name(name).is_some()
            || ActionRow::by_name(name).is_some()
            || AggRow::by_name(name).is_some();
        if !known {
            self.err(
                Tag::D_PRAGMA_UNUSED,
                span,
                format!("unused #pragma {pragma} {name}"),
            );
        }
    }

    fn provider_exists(&self, name: &str) -> bool {
        self.declares_provider(name) || provider_matches(self.types.kernel(), name)
    }

    fn module_exists(&self, name: &str) -> bool {
        module_matches(self.types.kernel(), name)
    }

    /// Whether the version of D that the program is written in (`-x version`) has the name.
    pub(super) fn in_version(&self, since: Version) -> bool {
        self.opts.version.is_none_or(|v| since <= v)
    }

    /// Whether a `#pragma D binding` hides the name from this program.
    pub(super) fn hidden(&self, name: &str) -> bool {
        self.bindings
            .get(name)
            .is_some_and(|v| !self.in_version(*v))
    }

    /// A name is used: it has to be as stable as `-x amin` asks.
    pub(super) fn check_stability(&mut self, name: &str, otherwise: Attributes, span: Span) {
        let Some(min) = self.opts.amin else { return };
        let has = self.attributes.get(name).copied().unwrap_or(otherwise);
        if has.name < min.name || has.data < min.data || has.class < min.class {
            let text = format!(
                "attributes of {name} ({}) are less than the predefined minimum ({})",
                attributes_text(has),
                attributes_text(min)
            );
            self.err(Tag::D_ATTR_MIN, span, text);
        }
    }
}

/// Whether a provider of that name has probes.
pub(crate) fn provider_matches(kernel: &dyn crate::kernel::KernelView, name: &str) -> bool {
    let desc = ProbeDesc {
        provider: name.to_owned(),
        ..ProbeDesc::default()
    };
    kernel.match_probes(&desc, false).count > 0
}

/// Whether a module of that name has probes.
pub(crate) fn module_matches(kernel: &dyn crate::kernel::KernelView, name: &str) -> bool {
    let desc = ProbeDesc {
        module: name.to_owned(),
        ..ProbeDesc::default()
    };
    kernel.match_probes(&desc, false).count > 0
}

/// `Stable/Evolving/Common`
fn attributes_text(a: Attributes) -> String {
    format!("{}/{}/{}", a.name.word(), a.data.word(), a.class.word())
}
