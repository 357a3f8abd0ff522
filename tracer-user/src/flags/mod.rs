//! The command line, in two stages: what was typed ([`Typed`]), then what it means in this world ([`Request`]).

pub mod defs;

use crate::options::{Opt, OptError, Options};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use defs::{FLAGS, Flag, MODES, Support, Takes, def};
use std::fmt::Write;

/// The command line is wrong: exit status 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What is wrong; empty when nothing was typed at all.
    pub text: String,
    /// Print how it is used, too.
    pub show: bool,
}

/// Why there is nothing to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Exit status 2.
    Usage(Usage),
    /// Exit status 1.
    Fatal(String),
}

impl From<Usage> for Refusal {
    fn from(u: Usage) -> Refusal {
        Refusal::Usage(u)
    }
}

/// What was typed: flags in their order, each with its value, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// In order.
    pub flags: Vec<(Flag, String)>,
    /// Macro arguments: `$1`, `$2`, …
    pub operands: Vec<String>,
}

fn command() -> Command {
    let mut c = Command::new("dtrace")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("operands").num_args(0..).action(ArgAction::Append));
    for d in FLAGS {
        let mut a = Arg::new(d.name).help(d.help);
        a = match d.name.chars().next() {
            Some(letter) if d.name.len() == 1 => a.short(letter),
            _ => a.long(d.name),
        };
        c = c.arg(match d.takes {
            Takes::Nothing => a
                .action(ArgAction::Append)
                .num_args(0)
                .default_missing_value(""),
            Takes::Value(name) => a
                .action(ArgAction::Append)
                .num_args(1)
                .value_name(name)
                .allow_hyphen_values(true),
        });
    }
    c
}

/// Stage one.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Typed, Usage> {
    // `-32` is one flag, not two.
    let args = args.into_iter().map(|a| match a.as_str() {
        "-32" => "--32".to_owned(),
        "-64" => "--64".to_owned(),
        _ => a,
    });
    let matches = command()
        .try_get_matches_from(args)
        .map_err(|e| usage_error(&e))?;
    let mut found: Vec<(usize, Flag, String)> = Vec::new();
    for d in FLAGS {
        if let (Some(at), Some(values)) = (
            matches.indices_of(d.name),
            matches.get_many::<String>(d.name),
        ) {
            found.extend(at.zip(values).map(|(i, v)| (i, d.flag, v.clone())));
        }
    }
    found.sort_by_key(|f| f.0);
    Ok(Typed {
        flags: found.into_iter().map(|(_, f, v)| (f, v)).collect(),
        operands: matches
            .get_many::<String>("operands")
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
    })
}

/// In the words of `getopt`.
fn usage_error(e: &clap::Error) -> Usage {
    let arg = match e.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(v)) => v.concat(),
        _ => String::new(),
    };
    let name = arg
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_start_matches('-');
    let text = match e.kind() {
        ErrorKind::UnknownArgument => format!("illegal option -- {name}"),
        ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            format!("option requires an argument -- {name}")
        }
        _ => e
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    };
    Usage { text, show: true }
}

/// `Usage: dtrace …`, with a line for each flag.
pub fn usage() -> String {
    let mut plain = String::new();
    let mut valued = String::new();
    let mut lines = String::new();
    // Writing to a String never fails.
    for d in FLAGS {
        let dashes = if d.name.len() == 1 || d.name.starts_with(|c: char| c.is_ascii_digit()) {
            "-"
        } else {
            "--"
        };
        let left = match d.takes {
            Takes::Nothing => format!("{dashes}{}", d.name),
            Takes::Value(v) => format!("{dashes}{} {v}", d.name),
        };
        match d.takes {
            Takes::Nothing if d.name.len() == 1 => plain.push_str(d.name),
            Takes::Nothing => {}
            Takes::Value(v) => {
                let _ = write!(valued, " [{dashes}{} {v}]", d.name);
            }
        }
        let note = match d.support {
            Support::Served => "",
            Support::Refused(_) => " (not here)",
        };
        let _ = writeln!(lines, "\t{left:<14} {}{note}", d.help);
    }
    format!(
        "Usage: dtrace [-32|-64] [-{plain}]{valued} [ARG ...]\n\n{lines}\n\
         A probe is named provider:module:function:name; fields may be left out, and hold * ? [ ].\n"
    )
}

/// What the command is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Enable probes and print what they record.
    Trace,
    /// `-e`.
    CompileOnly,
    /// `-l`.
    List,
    /// `-V`.
    Version,
    /// `--backends`.
    Backends,
    /// `--kmod`.
    Kmod(crate::kmod::Action),
    /// `--help`.
    Help,
}

/// Where a piece of D text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// `-s FILE`.
    Script(String),
    /// `-n`, `-P`, `-m`, `-f`, `-i`, with its text.
    Probe(Flag, String),
}

/// Stage two: what it all means.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub mode: Mode,
    /// Programs, in the order of the command line.
    pub inputs: Vec<Input>,
    /// `$1`, `$2`, …
    pub args: Vec<String>,
    /// From the environment and from flags; the programs' own are not known yet.
    pub options: Options,
    /// `-c`.
    pub commands: Vec<String>,
    /// `-p`.
    pub pids: Vec<u32>,
    /// `-o`.
    pub output: Option<String>,
    /// `-v`, how often.
    pub verbose: u32,
}

fn set(options: &mut Options, what: &str, name: &str, value: Option<&str>) -> Result<(), Refusal> {
    options
        .set(name, value)
        .map_err(|e: OptError| Refusal::Fatal(format!("failed to set {what}: {e}")))
}

/// Stage two, from what was typed and from the environment.
pub fn understand(
    typed: Typed,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Request, Refusal> {
    if typed.flags.is_empty() && typed.operands.is_empty() {
        return Err(Usage {
            text: String::new(),
            show: true,
        }
        .into());
    }
    let mut r = Request {
        mode: Mode::Trace,
        inputs: Vec::new(),
        args: typed.operands,
        options: Options::default(),
        commands: Vec::new(),
        pids: Vec::new(),
        output: None,
        verbose: 0,
    };
    r.options
        .set_environment(env)
        .map_err(|(name, e)| Refusal::Fatal(format!("failed to set option by {name}: {e}")))?;
    let given: Vec<Flag> = typed.flags.iter().map(|f| f.0).collect();
    let modes: Vec<&Flag> = MODES.iter().filter(|m| given.contains(m)).collect();
    if modes.len() > 1 {
        let all: String = MODES.iter().map(|&m| def(m).name).collect();
        let text = format!("only one of the [-{all}] options can be specified at a time");
        return Err(Usage { text, show: false }.into());
    }
    let enables = |f: &Flag| {
        matches!(
            f,
            Flag::Script | Flag::Name | Flag::Provider | Flag::Module | Flag::Function | Flag::Id
        )
    };
    if let Some(mode) = modes
        .iter()
        .find(|m| matches!(m, Flag::Anonymous | Flag::Generate | Flag::Header))
        && !given.iter().any(enables)
    {
        let text = format!(
            "-{} requires one or more scripts or enabling options",
            def(**mode).name
        );
        return Err(Usage { text, show: false }.into());
    }
    for (flag, value) in typed.flags {
        match def(flag).support {
            Support::Served => {}
            Support::Refused(why) => {
                return Err(Refusal::Fatal(format!("-{}: {why}", def(flag).name)));
            }
        }
        match flag {
            Flag::BufSize => set(
                &mut r.options,
                &format!("-b {value}"),
                "bufsize",
                Some(&value),
            )?,
            Flag::Command => r.commands.push(value),
            Flag::CompileOnly => r.mode = Mode::CompileOnly,
            Flag::Flow => set(&mut r.options, "-F", "flowindent", None)?,
            Flag::Quiet => set(&mut r.options, "-q", "quiet", None)?,
            Flag::Destructive => set(&mut r.options, "-w", "destructive", None)?,
            Flag::Dif => set(&mut r.options, "-S", "verbose", None)?,
            Flag::ZeroMatch => set(&mut r.options, "-Z", "zdefs", None)?,
            Flag::Cpp => set(&mut r.options, "-C", "cpp", None)?,
            Flag::Headers => set(&mut r.options, "-H", "cpphdrs", None)?,
            Flag::Define | Flag::Undef | Flag::Include | Flag::Library | Flag::Dialect => {
                let name = match flag {
                    Flag::Define => "define",
                    Flag::Undef => "undef",
                    Flag::Include => "incdir",
                    Flag::Library => "libdir",
                    _ => "stdc",
                };
                let what = format!("-{} {value}", def(flag).name);
                set(&mut r.options, &what, name, Some(&value))?;
            }
            Flag::Option => {
                let (name, v) = match value.split_once('=') {
                    Some((n, v)) => (n, Some(v)),
                    None => (value.as_str(), None),
                };
                set(&mut r.options, &format!("-x {name}"), name, v)?;
            }
            Flag::List => r.mode = Mode::List,
            Flag::Version => r.mode = Mode::Version,
            Flag::Backends => r.mode = Mode::Backends,
            Flag::Kmod => {
                r.mode = Mode::Kmod(crate::kmod::Action::parse(&value).map_err(Refusal::Fatal)?);
            }
            Flag::Help => {
                r.mode = Mode::Help;
                return Ok(r);
            }
            Flag::Output => r.output = Some(value),
            Flag::Pid => match value.parse() {
                Ok(pid) if pid > 0 => r.pids.push(pid),
                _ => return Err(Refusal::Fatal(format!("invalid pid: {value}"))),
            },
            Flag::Script => r.inputs.push(Input::Script(value)),
            Flag::Name | Flag::Provider | Flag::Module | Flag::Function | Flag::Id => {
                r.inputs.push(Input::Probe(flag, value));
            }
            Flag::Verbose => r.verbose += 1,
            // Without effect here: 64-bit is what programs are compiled for, and the rest was dealt with above.
            Flag::Bits64
            | Flag::Bits32
            | Flag::Claim
            | Flag::Anonymous
            | Flag::Generate
            | Flag::Header
            | Flag::Boot => {}
        }
    }
    if matches!(r.mode, Mode::Trace | Mode::CompileOnly) && r.inputs.is_empty() {
        return Err(Refusal::Fatal("no probes specified".to_owned()));
    }
    // `-q` on a flag line of a script's first line and on the command line is the same.
    debug_assert!(r.options.given(Opt::quiet).is_none_or(|q| q <= 1));
    Ok(r)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &[&str]) -> Result<Typed, Usage> {
        parse(line.iter().map(|s| s.to_string()))
    }

    fn request(line: &[&str]) -> Result<Request, Refusal> {
        understand(typed(line).map_err(Refusal::from)?, std::iter::empty())
    }

    #[test]
    fn flags_keep_their_order() {
        let t = typed(&[
            "-n", "BEGIN", "-qs", "a.d", "x", "-P", "syscall", "-i5", "y",
        ])
        .expect("parsed");
        let want = [
            (Flag::Name, "BEGIN"),
            (Flag::Quiet, ""),
            (Flag::Script, "a.d"),
            (Flag::Provider, "syscall"),
            (Flag::Id, "5"),
        ];
        assert_eq!(t.flags, want.map(|(f, v)| (f, v.to_owned())));
        assert_eq!(t.operands, ["x", "y"]);
    }

    #[test]
    fn every_flag_of_the_table_parses() {
        for d in FLAGS {
            let name = match d.name.len() {
                1 => format!("-{}", d.name),
                _ if matches!(d.flag, Flag::Help | Flag::Backends | Flag::Kmod) => {
                    format!("--{}", d.name)
                }
                _ => format!("-{}", d.name),
            };
            let args: Vec<&str> = match d.takes {
                Takes::Nothing => vec![&name],
                Takes::Value(_) => vec![&name, "-v"],
            };
            let t = typed(&args).expect(d.name);
            let value = if d.takes == Takes::Nothing { "" } else { "-v" };
            assert_eq!(t.flags, [(d.flag, value.to_owned())], "{}", d.name);
            assert_eq!(def(d.flag).name, d.name);
        }
    }

    #[test]
    fn flags_may_be_repeated() {
        let r = request(&[
            "-vv", "-v", "-n", "a", "-n", "b", "-c", "x", "-c", "y", "-p", "7",
        ])
        .expect("understood");
        assert_eq!(r.verbose, 3);
        assert_eq!(r.commands, ["x", "y"]);
        assert_eq!(r.pids, [7]);
        assert_eq!(r.inputs.len(), 2);
    }

    #[test]
    fn errors_in_the_words_of_getopt() {
        for (line, want) in [
            (&["-z"] as &[&str], "illegal option -- z"),
            (&["-n"], "option requires an argument -- n"),
            (&["--nosuch"], "illegal option -- nosuch"),
        ] {
            assert_eq!(typed(line).expect_err("refused").text, want);
        }
    }

    #[test]
    fn values_may_look_like_flags() {
        let t = typed(&["-n", "-5", "--", "-n"]).expect("parsed");
        assert_eq!(t.flags, [(Flag::Name, "-5".to_owned())]);
        assert_eq!(t.operands, ["-n"]);
    }

    #[test]
    fn modes_exclude_each_other() {
        let Err(Refusal::Usage(u)) = request(&["-l", "-V"]) else {
            panic!("accepted")
        };
        assert_eq!(
            u.text,
            "only one of the [-AGhlV] options can be specified at a time"
        );
        let Err(Refusal::Usage(u)) = request(&["-h"]) else {
            panic!("accepted")
        };
        assert_eq!(
            u.text,
            "-h requires one or more scripts or enabling options"
        );
        let Err(Refusal::Usage(u)) = request(&[]) else {
            panic!("accepted")
        };
        assert_eq!(u.text, "");
    }

    #[test]
    fn what_is_refused_says_why() {
        for line in [
            &["-32", "-n", "BEGIN"] as &[&str],
            &["-a", "-n", "BEGIN"],
            &["-A", "-n", "BEGIN"],
            &["-G", "-s", "x"],
            &["-h", "-s", "x"],
        ] {
            let Err(Refusal::Fatal(text)) = request(line) else {
                panic!("{line:?} accepted")
            };
            assert!(text.starts_with(line[0]) && text.len() > 10, "{text}");
        }
        assert_eq!(
            request(&["-q"]).expect_err("refused"),
            Refusal::Fatal("no probes specified".into())
        );
        assert_eq!(
            request(&["-n", "x", "-p", "0"]).expect_err("refused"),
            Refusal::Fatal("invalid pid: 0".into())
        );
    }

    #[test]
    fn options_by_flags() {
        let r = request(&[
            "-qwFSZ",
            "-b",
            "2m",
            "-x",
            "strsize=64",
            "-x",
            "errtags",
            "-n",
            "x",
        ])
        .expect("understood");
        for (opt, want) in [
            (Opt::quiet, 1),
            (Opt::destructive, 1),
            (Opt::flowindent, 1),
            (Opt::verbose, 1),
            (Opt::zdefs, 1),
            (Opt::bufsize, 2 << 20),
            (Opt::strsize, 64),
            (Opt::errtags, 1),
        ] {
            assert_eq!(r.options.get(opt), want, "{opt:?}");
        }
        assert_eq!(
            request(&["-x", "nosuch=1", "-n", "x"]).expect_err("refused"),
            Refusal::Fatal("failed to set -x nosuch: Invalid option name".into())
        );
        assert_eq!(
            request(&["-b", "x", "-n", "x"]).expect_err("refused"),
            Refusal::Fatal("failed to set -b x: Invalid value for specified option".into())
        );
    }

    #[test]
    fn preprocessor_flags_are_accepted_alone() {
        let r = request(&["-D", "X=1", "-I", "d", "-U", "Y", "-n", "BEGIN"]).expect("understood");
        let all = [Opt::define, Opt::incdir, Opt::undef];
        assert_eq!(r.options.in_order(&all).count(), 3);
        assert!(!r.options.on(Opt::cpp));
    }

    #[test]
    fn usage_names_every_flag() {
        let u = usage();
        for d in FLAGS {
            assert!(u.contains(&format!("-{}", d.name)), "{}", d.name);
        }
    }
}
