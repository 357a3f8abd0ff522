//! `dtrace --kmod build|load|unload|status`: the kernel module, for kernels without eBPF.

use anyhow::Result;
use legacy_kmod::module;
use std::path::Path;

/// What is to be done with it. The table is parsing and messages both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Compile it.
    Build,
    /// Load it.
    Load,
    /// Unload it.
    Unload,
    /// Show it.
    Status,
}

const ACTIONS: &[(&str, Action)] = &[
    ("build", Action::Build),
    ("load", Action::Load),
    ("unload", Action::Unload),
    ("status", Action::Status),
];

impl Action {
    /// The action of that name.
    pub fn parse(name: &str) -> Result<Action, String> {
        let names: Vec<&str> = ACTIONS.iter().map(|a| a.0).collect();
        let found = ACTIONS.iter().find(|a| a.0 == name).map(|a| a.1);
        found.ok_or_else(|| format!("--kmod does {}, not {name}", names.join(", ")))
    }
}

/// Does it; what it says is the command's output. `operand`: the build tree, or the module's file. `out`: `-o`.
pub fn run(action: Action, operands: &[String], out: Option<&str>, verbose: u32) -> Result<String> {
    let operand = match operands {
        [] => None,
        [one] if matches!(action, Action::Build | Action::Load) => Some(Path::new(one)),
        [.., last] => anyhow::bail!("--kmod has no use for {last}"),
    };
    if out.is_some() && action != Action::Build {
        anyhow::bail!("-o names the file that --kmod build writes: nothing else writes one");
    }
    Ok(match action {
        Action::Build => {
            let (path, said) = module::build(operand, out.map(Path::new))?;
            let said = if verbose > 0 { said } else { String::new() };
            format!("{said}built {}\n", path.display())
        }
        Action::Load => {
            let said = module::load(operand)?;
            module::remember()?;
            format!("{said}\n")
        }
        Action::Unload => {
            module::unload()?;
            "unloaded\n".to_owned()
        }
        Action::Status => module::status(verbose > 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_names() {
        for (name, action) in ACTIONS {
            assert_eq!(Action::parse(name), Ok(*action));
        }
        assert!(Action::parse("reload").unwrap_err().contains("build, load"));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let two = ["a".to_owned(), "b".to_owned()];
        assert!(run(Action::Build, &two, None, 0).is_err());
        assert!(run(Action::Status, &two[..1], None, 0).is_err());
        assert!(run(Action::Load, &[], Some("x"), 0).is_err());
    }
}
