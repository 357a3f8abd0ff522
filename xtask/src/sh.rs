//! Running other programs, with errors that say which program and how it ended.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the work tree. Known from where this crate was compiled, so that chores work from any directory.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// `cargo` as it was called, at the top of the tree.
pub fn cargo() -> Command {
    let mut c = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    c.current_dir(root());
    c
}

/// A command as one would type it, for messages.
pub fn show(c: &Command) -> String {
    let mut text = c.get_program().to_string_lossy().into_owned();
    for arg in c.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// Runs to the end, output going where ours goes; anything but success is an error.
pub fn run(c: &mut Command) -> Result<()> {
    let status = c
        .status()
        .with_context(|| format!("cannot run `{}`", show(c)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", show(c));
    }
    Ok(())
}

/// Runs to the end and returns what it printed; anything but success is an error that carries its stderr.
pub fn output(c: &mut Command) -> Result<String> {
    let out = c
        .output()
        .with_context(|| format!("cannot run `{}`", show(c)))?;
    if !out.status.success() {
        bail!(
            "`{}` failed: {}\n{}",
            show(c),
            out.status,
            String::from_utf8_lossy(&out.stderr).trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Where `name` is found along `PATH`, if it is.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|p| p.is_file())
}
