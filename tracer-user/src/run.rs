//! The life of a session in one page: read, hold the targets, choose a kernel side, compile, plan, lower, load, go, consume,
//! stop, print what is left.

use crate::compile::{self, Texts};
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
use std::os::fd::RawFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tracer_ebpf::backend::{Backend, LoadOptions, Session};
use tracer_ebpf::lower::{LowerOpts, lower};
use tracer_ebpf::plan::plan;
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
    let texts = Texts::read(&request.inputs)?;
    let mut targets = start_targets(&request)?;
    let backend = match select::choose(request.options.word(Opt::backend)) {
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
        Mode::Trace | Mode::Version | Mode::Help => {}
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
    let plan = plan(&matches, backend.caps());
    if plan.probes.is_empty() {
        return Err(anyhow!("no probes matched"));
    }
    let image = lower(&program, &plan, backend.caps(), &lower_options(options))
        .map_err(|e| compile::unsupported(&texts, e.span, e.text, options.on(Opt::errtags)))?;
    let place = |clause, span| compile::place(&texts, &program, clause, span);
    let load = LoadOptions {
        place: &place,
        debug: options.on(Opt::bpfdebug),
        cpu: options.given(Opt::cpu).and_then(|c| u32::try_from(c).ok()),
    };
    let out = open_output(&request)?;
    let mut session = backend
        .load(&image, &load)
        .context("could not enable tracing")?;
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(trace(&mut *session, &mut consumer, &mut targets, options))?;
    finish(&mut *session, &mut consumer)?;
    Ok(Ended::Status(consumer.exit_status().unwrap_or(0)))
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

fn lower_options(options: &Options) -> LowerOpts {
    LowerOpts {
        strsize: u32::try_from(options.get(Opt::strsize)).unwrap_or(u32::MAX),
        aggsize: options.get(Opt::aggsize),
        dynvarsize: options.get(Opt::dynvarsize),
        bufsize: options.get(Opt::bufsize),
        nspec: u32::try_from(options.get(Opt::nspec)).unwrap_or(u32::MAX),
        debug: options.on(Opt::bpfdebug),
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

fn every(options: &Options, opt: Opt) -> Interval {
    ticks(Duration::from_nanos(options.get(opt)).max(SHORTEST))
}

fn ticks(period: Duration) -> Interval {
    // Far beyond what anyone waits for, and short enough for the clock.
    let period = period.min(Duration::from_secs(366 * 86_400));
    let mut i = interval_at(tokio::time::Instant::now() + period, period);
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
    let (mut switch, mut status, mut agg) = (
        every(options, Opt::switchrate),
        every(options, Opt::statusrate),
        every(options, Opt::aggrate),
    );
    let mut poll = ticks(POLL);

    session.go().context("could not enable tracing")?;
    targets.release(consumer.names_user_addresses());
    consumer.drain(session)?;
    let [int, term] = &mut interrupted;
    while consumer.exit_status().is_none() && !consumer.out.closed() && !targets.all_ended() {
        tokio::select! {
            _ = int.recv() => { consumer.newline(); break }
            _ = term.recv() => { consumer.newline(); break }
            _ = child.recv() => reap(targets, consumer, session, options)?,
            _ = poll.tick(), if targets.needs_polling() => reap(targets, consumer, session, options)?,
            () = filling(wake.as_ref()) => { consumer.drain(session)?; }
            _ = switch.tick() => { consumer.drain(session)?; }
            _ = agg.tick() => consumer.observe_keys(session)?,
            _ = status.tick() => consumer.report_drops(session)?,
        }
        if let Some(options) = consumer.changed_options() {
            switch = every(options, Opt::switchrate);
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
    consumer.report_drops(session)?;
    consumer.newline();
    if !signals::impatient() {
        consumer
            .print_rest(session)
            .context("failed to print aggregations")?;
    }
    consumer.out.flush()?;
    Ok(())
}

fn list_probes(
    request: &Request,
    texts: &Texts,
    targets: &Targets,
    backend: &dyn Backend,
) -> Result<Ended> {
    let (mut descs, mut nothing) = (Vec::new(), Vec::new());
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
    out.flush()?;
    Ok(Ended::Status(status))
}
