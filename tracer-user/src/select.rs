//! Which kernel side runs a program: the first of an ordered list that works, found out by trying.
//!
//! Nothing here asks for the kernel's version. Where none works, every candidate's reason is told, with what to do.

use crate::options::{Opt, Options};
use anyhow::{Result, anyhow};
use legacy_kmod::KmodBackend;
use std::path::Path;
use tracer_ebpf::backend::{Backend, BackendError};
use tracer_ebpf::live;

/// A way to have a kernel side.
struct Candidate {
    /// As `-x backend` has it.
    name: &'static str,
    open: fn(&Options) -> Result<Box<dyn Backend>, BackendError>,
}

/// In the order of preference.
const CANDIDATES: &[Candidate] = &[
    Candidate {
        name: "ebpf",
        open: |_| live::open(),
    },
    Candidate {
        name: "kmod",
        open: |options| {
            let btf = options.texts(Opt::btf).last().map(Path::new);
            Ok(Box::new(KmodBackend::new(btf)?))
        },
    },
];

/// Tries the candidates that `-x backend` allows.
pub fn choose(options: &Options) -> Result<Box<dyn Backend>> {
    let wanted = options.word(Opt::backend);
    let mut reasons = Vec::new();
    for c in CANDIDATES
        .iter()
        .filter(|c| wanted == "auto" || wanted == c.name)
    {
        match (c.open)(options) {
            Ok(backend) => return Ok(backend),
            Err(e) => reasons.push((c.name, e)),
        }
    }
    // A missing privilege is the user's to mend, and most likely all that is wrong.
    if let Some((_, e)) = reasons
        .iter()
        .find(|(_, e)| matches!(e, BackendError::Privilege(_)))
    {
        return Err(anyhow!("DTrace requires additional privileges: {e}"));
    }
    let list: String = reasons
        .iter()
        .map(|(name, e)| format!("\n  {name}: {e}"))
        .collect();
    Err(anyhow!(
        "DTrace device not available on system: no kernel side works{list}"
    ))
}

/// What each candidate says, for `-vV`.
pub fn report(options: &Options) -> String {
    CANDIDATES
        .iter()
        .map(|c| match (c.open)(options) {
            Ok(_) => format!("  {}: usable\n", c.name),
            Err(e) => format!("  {}: {e}\n", c.name),
        })
        .collect()
}

/// `--backends`: every candidate, in order, with what it offers or why it can't be used, and which of them
/// a run would use. Beside the text, whether there is one.
pub fn describe(options: &Options) -> (String, bool) {
    let wanted = options.word(Opt::backend);
    let (mut text, mut chosen) = (String::new(), None);
    for c in CANDIDATES {
        match (c.open)(options) {
            Ok(backend) => {
                text += &format!("{}: usable\n", c.name);
                for ability in backend.abilities() {
                    let state = match ability.state {
                        Ok(how) => how,
                        Err(why) => format!("no: {why}"),
                    };
                    text += &format!("    {:<20} {state}\n", ability.name);
                }
                if wanted == "auto" || wanted == c.name {
                    chosen.get_or_insert(c.name);
                }
            }
            Err(e) => text += &format!("{}: not usable: {e}\n", c.name),
        }
    }
    text += &format!(
        "-x backend={wanted} uses {}\n",
        chosen.unwrap_or("none of them")
    );
    (text, chosen.is_some())
}
