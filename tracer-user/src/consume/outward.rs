//! Actions of the consumer that reach beyond its own output: options changed while tracing, other output files, commands.

use super::record::Style;
use super::{AggStyle, Consumer, Head, Look};
use crate::options::{Opt, Options};
use anyhow::Result;
use dsl::program::ClauseId;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

impl Look {
    /// As the options have it.
    pub fn new(options: &Options) -> Look {
        let number = |opt| usize::try_from(options.get(opt)).unwrap_or(usize::MAX);
        let datum = Style {
            quiet: options.on(Opt::quiet),
            rawbytes: options.on(Opt::rawbytes),
            // Nobody's terminal is wider.
            stackindent: number(Opt::stackindent).min(4096),
            strsize: number(Opt::strsize).min(1 << 16),
        };
        Look {
            quiet: options.on(Opt::quiet),
            flow: options.on(Opt::flowindent),
            datum,
            agg: AggStyle {
                by_key: options.on(Opt::aggsortkey),
                reverse: options.on(Opt::aggsortrev),
                pos: number(Opt::aggsortpos).min(4096),
                key_pos: number(Opt::aggsortkeypos).min(4096),
                zoom: options.on(Opt::aggzoom),
                hist: options.on(Opt::agghist),
                pack: options.on(Opt::aggpack),
                utf8: match options.given(Opt::encoding) {
                    Some(_) => options.word(Opt::encoding) == "utf8",
                    None => utf8_locale(),
                },
                per_cpu: options.on(Opt::aggpercpu),
                datum,
            },
            droptags: options.on(Opt::droptags),
            noresolve: options.on(Opt::noresolve),
            testing: std::env::var_os("_DTRACE_TESTING").is_some(),
        }
    }
}

impl Consumer<'_> {
    /// The settings, where `setopt()` has changed them since the last time.
    pub fn changed_options(&mut self) -> Option<&Options> {
        std::mem::take(&mut self.changed).then_some(&self.options)
    }

    /// `setopt()`.
    pub(super) fn setopt(&mut self, h: Head, name: &[u8], value: Option<&[u8]>) -> Result<()> {
        let name = String::from_utf8_lossy(name);
        // As DTrace has it, an empty value is none.
        let value = value.map(String::from_utf8_lossy).filter(|v| !v.is_empty());
        match self.options.set_live(&name, value.as_deref()) {
            Ok(()) => {
                self.look = Look::new(&self.options);
                self.changed = true;
                Ok(())
            }
            Err(e) => {
                // What a setting without a value means.
                let value = value.unwrap_or_else(|| "1".into());
                self.complain(
                    h,
                    &format!("couldn't set option \"{name}\" to \"{value}\": {e}"),
                )
            }
        }
    }

    /// `freopen()`: from here on the output goes to the end of that file; with an empty name to where it went at first.
    pub(super) fn freopen(&mut self, h: Head, name: &[u8]) -> Result<()> {
        match self.out.reopen(OsStr::from_bytes(name)) {
            Ok(()) => Ok(()),
            Err(e) => {
                let name = String::from_utf8_lossy(name);
                self.complain(h, &format!("couldn't freopen() \"{name}\": {}", reason(&e)))
            }
        }
    }

    /// `system()`: a shell's command, in its turn among what is printed. What becomes of it is nobody's business.
    pub(super) fn system(&mut self, h: Head, command: &[u8]) -> Result<()> {
        self.out.flush()?;
        let run = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(command))
            .status();
        match run {
            Ok(_) => Ok(()),
            Err(e) => self.complain(h, &format!("couldn't run /bin/sh: {}", reason(&e))),
        }
    }

    /// Something that an action of the consumer could not do.
    fn complain(&mut self, h: Head, text: &str) -> Result<()> {
        let who = self.who(h, ClauseId(u32::from(h.clause)));
        self.out
            .say(&format!("dtrace: error on enabled probe {who}: {text}\n"))?;
        Ok(())
    }

    /// The enabled probe and the probe, as messages name them.
    pub(super) fn who(&self, h: Head, clause: ClauseId) -> String {
        let at = h.probe as usize;
        let epids = self.enabling.epids.get(at);
        let epid = epids
            .and_then(|l| l.iter().find(|(c, _)| *c == clause))
            .map_or(0, |e| e.1);
        match self.enabling.probes.get(at) {
            Some(p) => format!("ID {epid} (ID {}: {p})", p.id),
            None => format!("ID {epid} (ID 0: ?)"),
        }
    }
}

/// The CPUs that are on line, as the kernel lists them. None where it can't be asked.
pub(super) fn online_cpus() -> Vec<u32> {
    let list = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let ranges = list.trim().split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse::<u32>().ok()?..=to.parse::<u32>().ok()?)
    });
    ranges.flatten().collect()
}

/// Whether the terminal is said to take UTF-8: by the first of these variables that is set.
fn utf8_locale() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|v| {
        let value = std::env::var(v).ok()?;
        (!value.is_empty()).then_some(value)
    });
    set.is_some_and(|v| {
        let v = v.to_ascii_lowercase();
        v.contains("utf-8") || v.contains("utf8")
    })
}

/// Without the number that Rust puts behind it.
fn reason(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}
