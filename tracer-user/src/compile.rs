//! From the command line's D texts to a [`Program`], and DTrace's way of saying what is wrong with them.

use crate::cpp::preprocess;
use crate::flags::defs::{Flag, def};
use crate::flags::{Input, Request};
use crate::options::{Opt, Options};
use crate::target::Targets;
use anyhow::{Context, Result, anyhow};
use dsl::CompileOpts;
use dsl::ast::PragmaKind;
use dsl::diag::{Diag, Tag};
use dsl::kernel::KernelView;
use dsl::library::{LIBRARIES, Library};
use dsl::parse::{self, InputKind, MacroArgs, ParseOptions, ProbeFlag};
use dsl::pragma::{parse_attributes, parse_version};
use dsl::program::Program;
use dsl::source::{SourceId, Sources, Span};
use std::collections::BTreeMap;
use std::path::Path;

/// A D text of the command line, in its place among the sources.
pub struct Text {
    /// Its source.
    pub src: SourceId,
    /// What it is.
    pub input: Input,
}

/// All of them.
pub struct Texts {
    /// For spans.
    pub sources: Sources,
    /// In the order of the command line.
    pub list: Vec<Text>,
    /// What of the D library any of them may want.
    libraries: Vec<(SourceId, &'static Library)>,
    /// The D files of the directories that `-L` names.
    others: Vec<SourceId>,
}

impl Texts {
    /// Reads the scripts.
    pub fn read(inputs: &[Input], options: &Options) -> Result<Texts> {
        let mut sources = Sources::new();
        let mut list = Vec::new();
        let nolibs = options.on(Opt::nolibs);
        let mut others = Vec::new();
        for (_, dir) in options.in_order(&[Opt::libdir, Opt::syslibdir]) {
            for file in library_files(dir)?.iter().filter(|_| !nolibs) {
                others.push(sources.add(file.as_str(), read_script(file)?));
            }
        }
        for input in inputs {
            let (name, mut text) = match input {
                Input::Script(file) => (file.clone(), read_script(file)?),
                Input::Probe(flag, text) => (format!("-{}", def(*flag).name), text.clone()),
            };
            if options.on(Opt::cpp) {
                text = preprocess(options, &name, &text)?;
            }
            let src = sources.add(name, text);
            list.push(Text {
                src,
                input: input.clone(),
            });
        }
        let mut libraries = Vec::new();
        for l in LIBRARIES {
            if sources.iter().any(|(_, s)| l.wanted(&s.text)) {
                libraries.push((sources.add(l.name, l.text), l));
            }
        }
        Ok(Texts {
            sources,
            list,
            libraries,
            others,
        })
    }

    fn of(&self, src: SourceId) -> Option<&Input> {
        self.list.iter().find(|t| t.src == src).map(|t| &t.input)
    }

    /// The line that says what is wrong, in DTrace's words, then the place in the text.
    pub fn message(&self, d: &Diag, errtags: bool) -> String {
        let rendered = d.render(&self.sources, errtags);
        let (headline, rest) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        match self.of(d.span.src) {
            Some(Input::Script(file)) => {
                format!("dtrace: failed to compile script {file}: {headline}\n{rest}")
            }
            Some(Input::Probe(_, text)) => {
                // Where in the text, instead of a line number; several lines have both.
                let whole = self.sources.get(d.span.src).map_or(text, |s| &s.text);
                let region = region(whole, d.span.lo as usize);
                let headline = match (
                    text.trim_end().contains('\n'),
                    headline.split_once("line 1: "),
                ) {
                    (false, Some((tag, rest))) => format!("{tag}{region}{rest}"),
                    _ => headline.to_owned(),
                };
                format!("dtrace: invalid probe specifier {text}: {headline}\n{rest}")
            }
            None => {
                // The file is one of a library's.
                let headline = match self.sources.get(d.span.src) {
                    Some(s) => format!("\"{}\", {headline}", s.name),
                    None => headline.to_owned(),
                };
                match self.list.first().map(|t| &t.input) {
                    Some(Input::Script(file)) => {
                        format!("dtrace: failed to compile script {file}: {headline}\n{rest}")
                    }
                    Some(Input::Probe(_, text)) => {
                        format!("dtrace: invalid probe specifier {text}: {headline}\n{rest}")
                    }
                    None => format!("dtrace: {headline}\n{rest}"),
                }
            }
        }
    }

    /// `script 'FILE'`, `description 'SPEC'`: how a text is named in other messages.
    pub fn name(input: &Input) -> String {
        match input {
            Input::Script(file) => format!("script '{file}'"),
            Input::Probe(_, text) => {
                // Without the program behind the description.
                let spec = text.split(['{', '/', ';']).next().unwrap_or_default();
                format!("description '{spec}'")
            }
        }
    }
}

/// The part of a probe flag's argument that an offset is in, as DTrace says it.
fn region(text: &str, offset: usize) -> &'static str {
    let (mut braces, mut slash, mut quote, mut comment) = (0_u32, false, None, false);
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        if at >= offset {
            break;
        }
        match (quote, c) {
            _ if comment => comment = !(last == '*' && c == '/'),
            (Some(_), '\\') if last == '\\' => {
                last = ' ';
                continue;
            }
            (Some(q), c) if c == q && last != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '*') if last == '/' => comment = true,
            (None, '{') => braces += 1,
            (None, '}') => {
                braces = braces.saturating_sub(1);
                slash = false;
            }
            (None, '/') if braces == 0 => slash = true,
            (None, _) => {}
        }
        last = c;
    }
    match (braces, slash) {
        (1.., _) => "in action list: ",
        (0, true) => "in predicate: ",
        (0, false) => "",
    }
}

/// The D files of a library's directory.
fn library_files(dir: &str) -> Result<Vec<String>> {
    let names = legacy_kmod::dir::names(dir)
        .with_context(|| format!("failed to open library directory {dir}"))?;
    let mut files = Vec::new();
    for name in names {
        let path = Path::new(dir).join(name);
        if path.extension().is_some_and(|e| e == "d") {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// `-` is the standard input. D is bytes; what isn't UTF-8 can only stand in comments and strings, and gets replaced.
fn read_script(file: &str) -> Result<String> {
    let bytes = match file {
        "-" => {
            let mut b = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut b).map(|_| b)
        }
        _ => std::fs::read(file),
    };
    let bytes = bytes.with_context(|| format!("failed to open {file}"))?;
    Ok(match String::from_utf8(bytes) {
        Ok(s) => s,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    })
}

fn kind(input: &Input) -> InputKind {
    InputKind::Probe(match input {
        Input::Script(_) => return InputKind::Script,
        Input::Probe(Flag::Provider, _) => ProbeFlag::Provider,
        Input::Probe(Flag::Module, _) => ProbeFlag::Module,
        Input::Probe(Flag::Function, _) => ProbeFlag::Function,
        Input::Probe(Flag::Id, _) => ProbeFlag::Id,
        Input::Probe(..) => ProbeFlag::Name,
    })
}

/// `$1`, `$target`, `$pid`, …
fn macros(request: &Request, targets: &Targets) -> MacroArgs {
    use rustix::process::{getegid, geteuid, getgid, getpid, getppid, getuid};
    let mut vars = BTreeMap::new();
    let mut var = |name: &str, value: u32| vars.insert(name.to_owned(), value.to_string());
    let raw = |p: Option<rustix::process::Pid>| p.map_or(0, |p| p.as_raw_nonzero().get() as u32);
    // SAFETY: no pointers, and both only read. Not rustix's: they take the answer for non-zero, and it is 0 for what init
    // starts without a session of its own.
    let (pgid, sid) = unsafe { (libc::getpgrp(), libc::getsid(0)) };
    var("target", targets.first().unwrap_or(0));
    var("pid", raw(Some(getpid())));
    var("ppid", raw(getppid()));
    var("pgid", pgid.unsigned_abs());
    var("sid", sid.unsigned_abs());
    var("uid", getuid().as_raw());
    var("euid", geteuid().as_raw());
    var("gid", getgid().as_raw());
    var("egid", getegid().as_raw());
    // Linux has neither tasks nor projects in this sense.
    var("taskid", 0);
    var("projid", 0);
    let script = request.inputs.iter().find_map(|i| match i {
        Input::Script(file) => Some(file.clone()),
        Input::Probe(..) => None,
    });
    MacroArgs {
        script: script.unwrap_or_else(|| "dtrace".to_owned()),
        args: request.args.clone(),
        vars,
        defaultargs: false,
        argref: false,
    }
}

/// Options that decide how the text itself is read.
const READING: &[&str] = &["argref", "defaultargs", "empty", "pspec"];

/// The command line's options, with those of the texts that decide how they are read: a first, lenient reading finds them.
fn reading_options(
    request: &Request,
    texts: &Texts,
    inputs: &[parse::Input],
    macros: &MacroArgs,
) -> Options {
    let mut options = request.options.clone();
    if !texts
        .sources
        .iter()
        .any(|(_, s)| s.text.contains("#pragma"))
    {
        return options;
    }
    let lenient = MacroArgs {
        defaultargs: true,
        argref: true,
        ..macros.clone()
    };
    let how = ParseOptions {
        macros: &lenient,
        is_type: &|_| false,
        pspec: true,
        empty: true,
    };
    let (ast, _) = parse::parse(&texts.sources, inputs, &how);
    for p in ast.pragmas {
        if let PragmaKind::Option { name, value } = p.kind
            && READING.contains(&name.name.as_str())
        {
            // What is wrong with it is said later.
            let _ = options.set(&name.name, value.as_deref());
        }
    }
    options
}

/// Compiles. An error is the whole text to print.
pub fn compile(
    request: &Request,
    texts: &Texts,
    targets: &Targets,
    kernel: &dyn KernelView,
    zdefs: bool,
) -> Result<Program, String> {
    let nolibs = request.options.on(Opt::nolibs);
    let library = texts
        .libraries
        .iter()
        .filter(|(_, l)| !nolibs && l.possible(kernel))
        .map(|(src, _)| parse::Input {
            src: *src,
            kind: InputKind::Script,
        });
    let others = dsl::library::in_order(&texts.sources, &texts.others, kernel)
        .into_iter()
        .map(|src| parse::Input {
            src,
            kind: InputKind::Library,
        });
    let own = texts.list.iter().map(|t| parse::Input {
        src: t.src,
        kind: kind(&t.input),
    });
    let inputs: Vec<parse::Input> = library.chain(others).chain(own).collect();
    let mut macros = macros(request, targets);
    let options = &reading_options(request, texts, &inputs, &macros);
    macros.defaultargs = options.on(Opt::defaultargs);
    macros.argref = options.on(Opt::argref);
    let frames = |opt| {
        options
            .get(opt)
            .min(options.get(Opt::maxframes))
            .min(u64::from(u16::MAX)) as u16
    };
    let opts = CompileOpts {
        macros,
        strsize: u32::try_from(options.get(Opt::strsize)).unwrap_or(u32::MAX),
        stackframes: frames(Opt::stackframes),
        ustackframes: frames(Opt::ustackframes),
        jstackframes: frames(Opt::jstackframes),
        pcapsize: u32::try_from(options.get(Opt::pcapsize)).unwrap_or(u32::MAX),
        printsize: u32::try_from(options.get(Opt::printsize)).unwrap_or(u32::MAX),
        zdefs: zdefs || options.on(Opt::zdefs),
        pspec: options.on(Opt::pspec),
        empty: options.on(Opt::empty),
        version: options.texts(Opt::version).last().and_then(parse_version),
        amin: options.texts(Opt::amin).last().and_then(parse_attributes),
    };
    let (program, diags) = dsl::compile(&texts.sources, &inputs, &opts, kernel);
    match diags.is_empty() {
        true => Ok(program),
        false => Err(diags
            .iter()
            .map(|d| texts.message(d, options.on(Opt::errtags)))
            .collect()),
    }
}

/// Applies the program's own settings. An error is the whole text to print.
pub fn apply_pragmas(
    options: &mut Options,
    program: &Program,
    texts: &Texts,
) -> Result<(), String> {
    for (name, value, span) in &program.options {
        if let Err(e) = options.set_in_text(name, value.as_deref()) {
            let what = match value {
                Some(v) => format!("failed to set option '{name}' to '{v}': {e}"),
                None => format!("failed to set option '{name}': {e}"),
            };
            let d = Diag::new(Tag::D_PRAGMA_OPTSET, *span, what);
            return Err(texts.message(&d, options.on(Opt::errtags)));
        }
    }
    Ok(())
}

/// Where a clause stands, for messages of the kernel side.
pub fn place(
    texts: &Texts,
    program: &Program,
    clause: dsl::program::ClauseId,
    span: Span,
) -> String {
    let clause = program.clauses.get(clause.0 as usize);
    let span = if span.is_none() {
        clause.map_or(Span::NONE, |c| c.span)
    } else {
        span
    };
    let at = texts
        .sources
        .locate(span)
        .map_or_else(String::new, |l| format!("{}:{}: ", l.file, l.line));
    match clause {
        Some(c) => format!("{at}{}", c.desc),
        None => at,
    }
}

/// Something that a back end can't do with a clause.
pub fn unsupported(texts: &Texts, span: Span, text: String, errtags: bool) -> anyhow::Error {
    let message = texts.message(&Diag::new(Tag::D_NOT_YET, span, text), errtags);
    anyhow!("{}", message.trim_start_matches("dtrace: ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(inputs: &[Input]) -> Texts {
        Texts::read(inputs, &Options::default()).expect("read")
    }

    #[test]
    fn messages_name_the_specifier() {
        let t = texts(&[Input::Probe(Flag::Name, "BEGIN{foo;}".into())]);
        let d = Diag::new(
            Tag::D_IDENT_UNDEF,
            Span::new(t.list[0].src, 6, 9),
            "failed to resolve foo",
        );
        assert_eq!(
            t.message(&d, false),
            "dtrace: invalid probe specifier BEGIN{foo;}: in action list: failed to resolve foo\n 1 | BEGIN{foo;}\n   |       ^^^\n"
        );
        assert!(t.message(&d, true).starts_with(
            "dtrace: invalid probe specifier BEGIN{foo;}: [D_IDENT_UNDEF] in action list: failed"
        ));
        let t = texts(&[Input::Probe(Flag::Name, "BEGIN\n{foo;}".into())]);
        let d = Diag::new(Tag::D_IDENT_UNDEF, Span::new(t.list[0].src, 7, 10), "bad");
        assert!(
            t.message(&d, false)
                .starts_with("dtrace: invalid probe specifier BEGIN\n{foo;}: line 2: bad\n")
        );
    }

    #[test]
    fn regions() {
        for (text, at, want) in [
            ("BEGIN{x}", 2, ""),
            ("BEGIN{x}", 6, "in action list: "),
            ("BEGIN/x/{y}", 6, "in predicate: "),
            ("BEGIN/x/{y}", 9, "in action list: "),
            ("BEGIN{\"}\\\"}\"; y}", 14, "in action list: "),
            ("BEGIN{/* } */ y}", 14, "in action list: "),
            ("BEGIN{x/2}END", 11, ""),
            ("BEGIN", 99, ""),
        ] {
            assert_eq!(region(text, at), want, "{text} at {at}");
        }
    }

    #[test]
    fn names_of_texts() {
        for (text, want) in [
            ("BEGIN{printf(\"x\")}", "description 'BEGIN'"),
            (
                "syscall:::entry /pid==1/ {}",
                "description 'syscall:::entry '",
            ),
            ("BEGIN", "description 'BEGIN'"),
        ] {
            assert_eq!(Texts::name(&Input::Probe(Flag::Name, text.into())), want);
        }
        assert_eq!(Texts::name(&Input::Script("a.d".into())), "script 'a.d'");
    }

    #[test]
    fn a_script_that_is_not_there() {
        let e = Texts::read(
            &[Input::Script("/no/such/file".into())],
            &Options::default(),
        )
        .err()
        .expect("an error");
        assert_eq!(
            format!("{e:#}"),
            "failed to open /no/such/file: No such file or directory (os error 2)"
        );
    }
}
