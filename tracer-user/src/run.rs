//! The life of a session in one page: read, hold the targets, choose a kernel side, compile, plan, lower, load, go, consume,
//! stop, print what is left.

use crate::bpflog;
use crate::compile::{self, Texts};
use crate::consume::held::Policy;
use crate::consume::out::Out;
use crate::consume::{Consumer, Enabling, Look};
use crate::flags::{Input, Mode, Request};
use crate::list;
use crate::options::{Opt, Options};
use crate::select;
use crate::signals;
use crate::target::{Environment, Noticed, Targets};
use anyhow::{Context, Result, anyhow};
use dsl::kernel::{EmptyKernel, KernelView};
use dsl::program::{ProbeDesc, Program};
use std::io::IsTerminal;
use std::os::fd::RawFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tracer_ebpf::backend::{Backend, BackendError, Buffer, LoadOptions, Session};
use tracer_ebpf::caps::Caps;
use tracer_ebpf::image::Image;
use tracer_ebpf::lower::{LowerOpts, MOST_BUFSIZE, asks_for_frames, lower};
use tracer_ebpf::plan::{Plan, plan};
use tracer_ebpf::site::ProbeInfo;

/// How a run ended, when nothing went wrong with the machinery.
pub enum Ended {
    /// With this exit status.
    Status(i32),
    /// The programs are wrong, and this says how.
    BadProgram(String),
}

/// Does what was asked.
pub fn run(mut request: Request) -> Result<Ended> {
    let texts = Texts::read(&request.inputs, &request.options)?;
    let mut targets = start_targets(&request)?;
    let backend = match select::choose(&request.options) {
        Ok(b) => b,
        // Whether a program compiles can be said without a kernel side, as far as its types are its own.
        Err(_) if request.mode == Mode::CompileOnly => {
            return compile_only(&request, &texts, &targets, &EmptyKernel);
        }
        Err(e) => return Err(e),
    };
    match request.mode {
        Mode::List => return list_probes(&request, &texts, &targets, &*backend),
        Mode::CompileOnly => return compile_only(&request, &texts, &targets, backend.kernel()),
        Mode::Trace | Mode::Version | Mode::Backends | Mode::Kmod(_) | Mode::Help => {}
    }
    let program = match compile::compile(&request, &texts, &targets, backend.kernel(), false) {
        Ok(p) => p,
        Err(text) => return Ok(Ended::BadProgram(text)),
    };
    if let Err(text) = compile::apply_pragmas(&mut request.options, &program, &texts) {
        return Ok(Ended::BadProgram(text));
    }
    let options = &request.options;
    if options.on(Opt::verbose) {
        print!("{}", dif_listing(&program, options));
    }
    if destructive(&program) && !options.on(Opt::destructive) {
        return Err(anyhow!(
            "could not enable tracing: Destructive actions not allowed"
        ));
    }
    let matches = match_clauses(&program, &*backend)?;
    announce(&request, &texts, &program, &matches);
    let caps = backend.caps_for(&program);
    let plan = plan(&matches, &caps);
    if plan.probes.is_empty() {
        return Err(anyhow!("no probes matched"));
    }
    let mut lowering = lower_options(options, &texts);
    if asks_for_frames(&program) {
        let names = plan.units.iter().filter_map(|u| u.kind.tracepoint());
        lowering.trampolines = names
            .map(|n| (n.to_owned(), backend.trampolines(n)))
            .collect();
    }
    let place = |clause, span| compile::place(&texts, &program, clause, span);
    let load = LoadOptions {
        place: &place,
        debug: options.on(Opt::bpfdebug),
        cpu: options.given(Opt::cpu).and_then(|c| u32::try_from(c).ok()),
    };
    if load.debug {
        bpflog::install();
    }
    let out = open_output(&request)?;
    let lowered = |caps: &Caps, lowering: &LowerOpts| {
        lower(&program, &plan, caps, lowering)
            .map_err(|e| compile::unsupported(&texts, e.span, e.text, options.on(Opt::errtags)))
    };
    let (image, mut session) =
        load_fitting(&*backend, &lowered, &caps, lowering, &plan, &load, options)?;
    if request.verbose > 0 {
        eprintln!(
            "dtrace: attached {} probes in {:.1?}",
            image.probes.len(),
            session.attach_time()
        );
    }
    let enabling = Enabling {
        program: &program,
        records: &image.records,
        aggs: &image.aggs,
        probes: &image.probes,
        epids: &image.epids,
    };
    let mut consumer = Consumer::new(enabling, Look::new(options), out);
    consumer.options = options.clone();
    match options.word(Opt::bufpolicy) {
        "ring" => consumer.hold(Policy::Ring, options.get(Opt::bufsize)),
        "fill" => consumer.hold(Policy::Fill, options.get(Opt::bufsize)),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(trace(&mut *session, &mut consumer, &mut targets, options))?;
    finish(&mut *session, &mut consumer)?;
    let status = consumer.exit_status().or(session.exited()?).unwrap_or(0);
    if request.verbose > 0 {
        let start = Instant::now();
        drop(session);
        eprintln!("dtrace: detached in {:.1?}", start.elapsed());
    }
    Ok(Ended::Status(status))
}

/// The least that a buffer is lowered to.
const SMALLEST_BUFFER: u64 = 4096;

/// Instructions of a program from which on its subroutines on strings are verified once, not at each call. Linux 7.2 takes minutes
/// for some programs of 14,000 otherwise, and is no slower with those of 4,000; with smaller ones it is.
const LARGE: usize = 4000;

/// The same image for a verifier that is to go through each subroutine once only; `None` where the image is not large, or where
/// that can't be had.
fn verified_once(
    image: &Image,
    lowered: &dyn Fn(&Caps, &LowerOpts) -> Result<Image>,
    caps: &Caps,
    lowering: &LowerOpts,
) -> Option<Image> {
    let large = image.progs.iter().any(|p| p.insns.len() > LARGE);
    if !(large && caps.may_goto && caps.global_subs) {
        return None;
    }
    // What waits in a loop by may_goto can't be without it: then the first image is as good as it gets.
    let once = Caps {
        may_goto: false,
        ..caps.clone()
    };
    lowered(&once, lowering).ok()
}

/// Loads with buffers for which there is room (with `-x bufresize=auto` one that can't be had is tried in half the size), and
/// with programs that the kernel takes: those that it finds too complex are divided.
fn load_fitting(
    backend: &dyn Backend,
    lowered: &dyn Fn(&Caps, &LowerOpts) -> Result<Image>,
    caps: &Caps,
    mut lowering: LowerOpts,
    plan: &Plan,
    load: &LoadOptions<'_>,
    options: &Options,
) -> Result<(Image, Box<dyn Session>)> {
    let auto = options.word(Opt::bufresize) == "auto";
    let say = |what: &str, size: u64| {
        if !options.on(Opt::quiet) {
            eprintln!("dtrace: {what} size lowered to {}", short_size(size));
        }
    };
    if lowering.bufsize > MOST_BUFSIZE {
        if !auto {
            return Err(anyhow!(
                "could not enable tracing: bufsize is {} at the most",
                short_size(MOST_BUFSIZE)
            ));
        }
        lowering.bufsize = MOST_BUFSIZE;
        say("buffer", MOST_BUFSIZE);
    }
    // Of the image that was too complex.
    let mut progs = 0;
    loop {
        let image = lowered(caps, &lowering)?;
        let once = verified_once(&image, lowered, caps, &lowering);
        let loaded = match once.map(|once| (load_telling(backend, &once, load, options), once)) {
            Some((Ok(session), once)) => return Ok((once, session)),
            Some((Err(e), _)) if !is_too_complex(&e) => Err(e),
            // Bounds of loops may be too high for a verifier that goes through them all: the other image has none.
            _ => load_telling(backend, &image, load, options),
        };
        let e = match loaded {
            Ok(session) => return Ok((image, session)),
            Err(e) => e,
        };
        if is_too_complex(&e) {
            let units = plan.units.iter().map(|u| &u.groups);
            let most = units
                .map(|g| g.iter().map(|g| g.clauses.len()).sum::<usize>())
                .max();
            lowering.most_clauses = lowering.most_clauses.min(most.unwrap_or(0)) / 2;
            // What does not come in more programs is divided as far as it can be.
            if lowering.most_clauses == 0 || image.progs.len() <= progs {
                return Err(e);
            }
            progs = image.progs.len();
            continue;
        }
        let (what, size) = match e.downcast_ref() {
            Some(BackendError::NoRoom { buffer, .. }) if auto => match buffer {
                Buffer::Records => ("buffer", &mut lowering.bufsize),
                Buffer::Aggregations => ("aggregation", &mut lowering.aggsize),
                Buffer::Variables => ("dynamic variable", &mut lowering.dynvarsize),
            },
            _ => return Err(e),
        };
        *size /= 2;
        if *size < SMALLEST_BUFFER {
            return Err(e);
        }
        say(what, *size);
    }
}

fn is_too_complex(e: &anyhow::Error) -> bool {
    matches!(e.downcast_ref(), Some(BackendError::TooComplex(_)))
}

/// `4m`, as sizes are given.
fn short_size(bytes: u64) -> String {
    let units = [(30, "g"), (20, "m"), (10, "k")];
    match units
        .iter()
        .find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift))
    {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// Loads and attaches; where that takes long, says first how long, and on a terminal how far it has come.
fn load_telling(
    backend: &dyn Backend,
    image: &Image,
    load: &LoadOptions<'_>,
    options: &Options,
) -> Result<Box<dyn Session>> {
    let estimate = backend.estimate(image);
    if let Some(text) = estimate.as_ref().filter(|_| !options.on(Opt::quiet)) {
        eprintln!("dtrace: {text}");
    }
    let shown = estimate.is_some() && std::io::stderr().is_terminal();
    let start = Instant::now();
    let mut told = start;
    let session = backend.load_watched(image, load, &mut |done, all| {
        if shown && done > 0 && told.elapsed() > Duration::from_millis(500) {
            told = Instant::now();
            let left = start.elapsed().mul_f64((all - done) as f64 / done as f64);
            eprint!(
                "\rdtrace: attached {done} of {all}, about {:.0} s left ",
                left.as_secs_f64()
            );
        }
    });
    if shown {
        // Over what stands there.
        eprint!("\r{:70}\r", "");
    }
    session.context("could not enable tracing")
}

fn start_targets(request: &Request) -> Result<Targets> {
    let mut targets = Targets::default();
    let own = |opt| request.options.texts(opt).map(str::to_owned).collect();
    let env = Environment {
        set: own(Opt::setenv),
        unset: own(Opt::unsetenv),
    };
    for command in &request.commands {
        targets.start(command, &env)?;
    }
    for &pid in &request.pids {
        targets.attach(pid)?;
    }
    Ok(targets)
}

fn compile_only(
    request: &Request,
    texts: &Texts,
    targets: &Targets,
    kernel: &dyn KernelView,
) -> Result<Ended> {
    let mut options = request.options.clone();
    let compiled = compile::compile(request, texts, targets, kernel, false)
        .and_then(|p| compile::apply_pragmas(&mut options, &p, texts).map(|()| p));
    Ok(match compiled {
        Ok(program) => {
            if options.on(Opt::verbose) {
                print!("{}", dif_listing(&program, &options));
            }
            Ended::Status(0)
        }
        Err(text) => Ended::BadProgram(text),
    })
}

/// `-S`: each object's code, clause by clause.
fn dif_listing(program: &Program, options: &Options) -> String {
    let strsize = u32::try_from(options.get(Opt::strsize)).unwrap_or(u32::MAX);
    let difos = tracer_ebpf::lower::difos(program).into_iter();
    difos
        .enumerate()
        .map(|(n, d)| {
            format!(
                "\n{}",
                dsl::dif::disasm::listing(d, &program.vars, n as u64, strsize)
            )
        })
        .collect()
}

/// Whether it changes anything outside of tracing.
fn destructive(program: &Program) -> bool {
    let mut stmts = program.clauses.iter().flat_map(|c| &c.stmts);
    stmts.any(|s| s.kind.destructive())
        || tracer_ebpf::lower::difos(program)
            .into_iter()
            .any(dsl::dif::verify::destructive)
}

fn match_clauses(program: &Program, backend: &dyn Backend) -> Result<Vec<Vec<ProbeInfo>>> {
    program
        .clauses
        .iter()
        .map(|c| {
            backend
                .probes(&c.desc)
                .with_context(|| format!("failed to match {}", c.desc))
        })
        .collect()
}

/// `dtrace: description 'BEGIN' matched 1 probe`, for each text.
fn announce(request: &Request, texts: &Texts, program: &Program, matches: &[Vec<ProbeInfo>]) {
    let mut least: Option<list::Attributes> = None;
    for text in &texts.list {
        let own = program
            .clauses
            .iter()
            .zip(matches)
            .filter(|(c, _)| c.span.src == text.src);
        let n: usize = own.map(|(_, m)| m.len()).sum();
        if !request.options.on(Opt::quiet) {
            let s = if n == 1 { "" } else { "s" };
            eprintln!("dtrace: {} matched {n} probe{s}", Texts::name(&text.input));
        }
        if request.verbose > 0 {
            let own = program
                .clauses
                .iter()
                .zip(matches)
                .filter(|(c, _)| c.span.src == text.src);
            for p in own.flat_map(|(_, m)| m) {
                least = Some(list::least(least, list::attributes(&p.provider).0));
            }
            if let Some(a) = least.take() {
                eprintln!(
                    "\nStability data for {}:\n\n\tMinimum Probe Description Attributes\n{}",
                    Texts::name(&text.input).replace('\'', ""),
                    list::attribute_lines(a)
                );
            }
        }
    }
}

fn lower_options(options: &Options, texts: &Texts) -> LowerOpts {
    LowerOpts {
        strsize: u32::try_from(options.get(Opt::strsize)).unwrap_or(u32::MAX),
        scratchsize: u32::try_from(options.get(Opt::scratchsize)).unwrap_or(u32::MAX),
        aggsize: options.get(Opt::aggsize),
        dynvarsize: options.get(Opt::dynvarsize),
        bufsize: options.get(Opt::bufsize),
        nspec: u32::try_from(options.get(Opt::nspec)).unwrap_or(u32::MAX),
        debug: options.on(Opt::bpfdebug).then(|| texts.sources.clone()),
        ..LowerOpts::default()
    }
}

fn open_output(request: &Request) -> Result<Out> {
    match &request.output {
        Some(file) => {
            Out::file(file).with_context(|| format!("failed to open output file '{file}'"))
        }
        None => Ok(Out::stdout()),
    }
}

/// Never more often than this: a rate of a nanosecond would keep us from everything else.
const SHORTEST: Duration = Duration::from_millis(1);
/// Far beyond what anyone waits for, and short enough for the clock.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

fn every(options: &Options, opt: Opt) -> Interval {
    ticks(Duration::from_nanos(options.get(opt)).max(SHORTEST))
}

fn ticks(period: Duration) -> Interval {
    let period = period.min(LONGEST);
    let mut i = interval_at(Instant::now() + period, period);
    i.set_missed_tick_behavior(MissedTickBehavior::Delay);
    i
}

/// Readable when the ring is filling; never, where there is no such descriptor.
async fn filling(fd: Option<&AsyncFd<RawFd>>) {
    match fd {
        Some(fd) => {
            if let Ok(mut guard) = fd.readable().await {
                guard.clear_ready();
            }
        }
        None => std::future::pending().await,
    }
}

/// When the ring is drained next. Records are submitted without waking anyone, because that would slow what is traced; so
/// how often we look follows how much there was: half the interval after finding the ring a quarter full, back to the
/// longest when it was nearly empty.
struct Pace {
    longest: Duration,
    current: Duration,
    next: Instant,
    ring: usize,
}

impl Pace {
    /// Where `switchrate` is not set we look more often than DTrace's second: it costs nothing, and `exit()` is seen sooner.
    const LONGEST: Duration = Duration::from_millis(100);
    const SHORTEST: Duration = Duration::from_millis(5);

    fn new(options: &Options) -> Pace {
        let longest = match options.given(Opt::switchrate) {
            Some(ns) => Duration::from_nanos(ns).clamp(SHORTEST, LONGEST),
            None => Pace::LONGEST,
        };
        Pace {
            longest,
            current: longest,
            next: Instant::now() + longest,
            ring: usize::try_from(options.get(Opt::bufsize)).unwrap_or(usize::MAX),
        }
    }

    fn drained(&mut self, bytes: usize) {
        self.current = match bytes {
            n if n > self.ring / 4 => self.current / 2,
            n if n < self.ring / 16 => self.current * 2,
            _ => self.current,
        }
        .clamp(Pace::SHORTEST.min(self.longest), self.longest);
        self.next = Instant::now() + self.current;
    }
}

/// How often processes that aren't our children are looked at.
const POLL: Duration = Duration::from_millis(50);

/// From the first firing to the last but END's: until `exit()`, the end of the targets, or an interruption.
async fn trace(
    session: &mut dyn Session,
    consumer: &mut Consumer<'_>,
    targets: &mut Targets,
    options: &Options,
) -> Result<()> {
    signals::count()?;
    let mut interrupted: [Signal; 2] = [
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    ];
    let mut child = signal(SignalKind::child())?;
    // SAFETY: the descriptor is the session's, which outlives this function.
    let wake = session
        .wake_fd()
        .and_then(|fd| unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.ok());
    let (mut status, mut agg) = (
        every(options, Opt::statusrate),
        every(options, Opt::aggrate),
    );
    let mut pace = Pace::new(options);
    let mut poll = ticks(POLL);

    session.go().context("could not enable tracing")?;
    targets.release(consumer.names_user_addresses());
    consumer.drain(session)?;
    let [int, term] = &mut interrupted;
    while session.exited()?.is_none()
        && !consumer.out.closed()
        && !consumer.full()
        && !targets.all_ended()
    {
        tokio::select! {
            _ = int.recv() => { consumer.newline(); break }
            _ = term.recv() => { consumer.newline(); break }
            _ = child.recv() => reap(targets, consumer, session, options)?,
            _ = poll.tick(), if targets.needs_polling() => reap(targets, consumer, session, options)?,
            () = filling(wake.as_ref()) => pace.drained(consumer.drain(session)?),
            () = sleep_until(pace.next) => pace.drained(consumer.drain(session)?),
            _ = agg.tick() => consumer.observe_keys(session)?,
            _ = status.tick() => consumer.report_drops(session)?,
        }
        if let Some(options) = consumer.changed_options() {
            pace = Pace::new(options);
            agg = every(options, Opt::aggrate);
        }
    }
    Ok(())
}

fn reap(
    targets: &mut Targets,
    consumer: &mut Consumer<'_>,
    session: &mut dyn Session,
    options: &Options,
) -> Result<()> {
    for noticed in targets.reap() {
        match noticed {
            Noticed::Exiting(pid) => {
                // Its stacks get their names while its mappings are there.
                consumer.drain(session)?;
                consumer.symbols.observe(pid);
                targets.let_exit(pid);
            }
            Noticed::Ended(text) => {
                if !options.on(Opt::quiet) {
                    consumer.out.say(&format!("dtrace: {text}\n"))?;
                }
            }
        }
    }
    Ok(())
}

/// END, and everything that is still to be printed.
fn finish(session: &mut dyn Session, consumer: &mut Consumer<'_>) -> Result<()> {
    session.stop().context("couldn't stop tracing")?;
    consumer.drain(session)?;
    consumer.print_held(session)?;
    consumer.report_drops(session)?;
    consumer.end_of_records();
    if !signals::impatient() {
        consumer
            .print_rest(session)
            .context("failed to print aggregations")?;
    }
    consumer.out.flush()?;
    Ok(())
}

fn say_all(out: &mut Out, sentences: &[String]) -> Result<()> {
    for sentence in sentences {
        out.say(&format!("dtrace: {sentence}\n"))?;
    }
    Ok(())
}

fn list_probes(
    request: &Request,
    texts: &Texts,
    targets: &Targets,
    backend: &dyn Backend,
) -> Result<Ended> {
    let (mut descs, mut nothing, mut unmatched) = (Vec::new(), Vec::new(), Vec::new());
    if texts.list.is_empty() {
        descs.push(ProbeDesc::default());
    } else {
        let program = match compile::compile(request, texts, targets, backend.kernel(), true) {
            Ok(p) => p,
            Err(text) => return Ok(Ended::BadProgram(text)),
        };
        // A description that matches nothing leaves no clause.
        nothing.extend(
            texts
                .list
                .iter()
                .filter(|t| program.clauses.iter().all(|c| c.span.src != t.src)),
        );
        unmatched = program.unmatched;
        descs.extend(program.clauses.into_iter().map(|c| c.desc));
    }
    let mut out = open_output(request)?;
    let verbose = (request.verbose > 0).then(|| backend.kernel());
    let mut status = 0;
    list::heading(&mut out);
    for desc in &descs {
        let probes = backend
            .probes(desc)
            .with_context(|| format!("failed to match {desc}"))?;
        if probes.is_empty() {
            let why = backend
                .why_none(desc)
                .map_or_else(String::new, |w| format!(" ({w})"));
            out.say(&format!(
                "dtrace: failed to match {desc}: No probe matches description{why}\n"
            ))?;
            status = 1;
        }
        list::rows(&mut out, &probes, verbose)?;
        if request.verbose > 0 {
            say_all(&mut out, &backend.left_out(desc))?;
        }
    }
    for text in nothing {
        let spec = match &text.input {
            Input::Script(file) => file,
            Input::Probe(_, spec) => spec,
        };
        out.say(&format!(
            "dtrace: failed to match {spec}: No probe matches description\n"
        ))?;
        status = 1;
    }
    for desc in &unmatched {
        let mut why: Vec<String> = backend.why_none(desc).into_iter().collect();
        if why.is_empty() && request.verbose > 0 {
            why = backend.left_out(desc);
        }
        say_all(&mut out, &why)?;
    }
    out.flush()?;
    Ok(Ended::Status(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_the_ring() {
        let mut options = Options::default();
        options.set("bufsize", Some("1m")).expect("set");
        let mut p = Pace::new(&options);
        assert_eq!(p.current, Duration::from_millis(100));
        for want in [50, 25, 12] {
            p.drained(512 << 10);
            assert_eq!(p.current.as_millis(), want);
        }
        for _ in 0..9 {
            p.drained(1 << 20);
        }
        assert_eq!(p.current, Pace::SHORTEST);
        p.drained(100 << 10);
        assert_eq!(p.current, Pace::SHORTEST);
        for _ in 0..9 {
            p.drained(0);
        }
        assert_eq!(p.current, Pace::LONGEST);
        options.set("switchrate", Some("2s")).expect("set");
        assert_eq!(Pace::new(&options).current, Duration::from_secs(2));
        options.set("switchrate", Some("1ns")).expect("set");
        let mut p = Pace::new(&options);
        p.drained(1 << 20);
        assert_eq!(p.current, SHORTEST);
    }
}
