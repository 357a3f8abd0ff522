//! `-C`: D texts go through the C preprocessor before they are compiled.
//!
//! The preprocessor is the system's (`-x cpppath` names another). Its line markers stay in the text, so that messages name
//! the file and line of what was written.

use crate::options::{Opt, Options};
use anyhow::{Context, Result, anyhow};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What DTrace defines beside what the preprocessor does itself: that this is D, and the version of D, as
/// 0xMMmmmuuu (major, minor, micro).
const DEFINES: &[&str] = &["-D__SUNW_D=1", "-D__SUNW_D_VERSION=0x0100d000"];

/// Names that the GNU preprocessor defines although they do not begin with an underscore: D has variables called so.
const UNDEFINES: &[&str] = &["-Ulinux", "-Uunix"];

/// The text as the preprocessor leaves it.
pub fn preprocess(options: &Options, name: &str, text: &str) -> Result<String> {
    let cpp = options.texts(Opt::cpppath).last().unwrap_or("cpp");
    let mut command = Command::new(cpp);
    command.args(["-x", "c"]).args(DEFINES).args(UNDEFINES);
    if options.given(Opt::stdc).is_some() {
        // As the D compilers of old told them apart: `a`, `t` extend ANSI C, `c` is strict, `s` is older.
        command.args(match options.word(Opt::stdc) {
            "c" => &["-std=c11"][..],
            "s" => &["-U__STDC__"],
            _ => &["-U__STDC__", "-D__STDC__=0"],
        });
    }
    if options.on(Opt::cpphdrs) {
        command.arg("-H");
    }
    for (opt, value) in options.in_order(&[Opt::define, Opt::undef, Opt::incdir]) {
        command.arg(match opt {
            Opt::define => format!("-D{value}"),
            Opt::undef => format!("-U{value}"),
            _ => format!("-I{value}"),
        });
    }
    // The text comes by a pipe; `#include "…"` is beside the script all the same.
    if let Some(dir) = Path::new(name)
        .parent()
        .filter(|d| !d.as_os_str().is_empty())
    {
        command.arg("-iquote").arg(dir);
    }
    command.arg("-");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| {
        format!("failed to run the preprocessor {cpp} (-x cpppath names another)")
    })?;
    let mut input = format!("# 1 \"{}\"\n", name.replace(['\\', '"', '\n'], "_"));
    match text.strip_prefix("#!") {
        // `#!/usr/sbin/dtrace -s` is no directive.
        Some(rest) => input += rest.find('\n').map_or("", |at| &rest[at..]),
        None => input += text,
    }
    let mut pipe = child.stdin.take().context("no pipe to the preprocessor")?;
    // It may write before it has read all.
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let done = child.wait_with_output().context("the preprocessor")?;
    let written = writer
        .join()
        .map_err(|_| anyhow!("the preprocessor's writer"))?;
    if !done.status.success() {
        return Err(anyhow!(
            "failed to preprocess {name}: {cpp}: {}",
            done.status
        ));
    }
    written.context("the preprocessor did not read its input")?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
