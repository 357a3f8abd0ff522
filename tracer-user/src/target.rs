//! The processes of `-c` and `-p`: `$target`, holding a command at its first instruction, and noticing their end.
//!
//! A command is forked and executed at once, because its process id is needed to compile, but it is stopped by `ptrace` as
//! soon as its program is in place, before the first instruction. [`Targets::release`] detaches, so nothing that the program
//! does is missed, nothing of our own fork is seen as if it were the program's, and the program may itself use `ptrace`.
//! Where `ptrace` is not allowed the child stops itself before `execve`.
//!
//! Where user addresses are to be named, a command stays attached until it exits: there it stops once more, while its
//! mappings are still in place, and they are read ([`Noticed::Exiting`]).
//!
//! A command that still runs when tracing ends is killed, as DTrace does; a process of `-p` is left alone.

use anyhow::{Context, Result, anyhow, bail};
use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;

/// The processes that the session is about.
#[derive(Debug, Default)]
pub struct Targets {
    list: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    pid: u32,
    /// Started by us.
    ours: bool,
    /// Still held.
    held: bool,
    /// Not known to have ended.
    alive: bool,
}

/// Something that happened to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// A command is about to exit; it goes on when [`Targets::let_exit`] is called.
    Exiting(u32),
    /// It has ended: what DTrace says of it.
    Ended(String),
}

/// Changes to the environment of commands, from `-x setenv` and `-x unsetenv`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `NAME=VALUE`.
    pub set: Vec<String>,
    /// `NAME`.
    pub unset: Vec<String>,
}

impl Environment {
    fn build(&self) -> Vec<CString> {
        let mut vars: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        vars.retain(|(n, _)| !self.unset.iter().any(|u| n == u.as_str()));
        for s in &self.set {
            let (name, value) = s.split_once('=').unwrap_or((s, ""));
            vars.retain(|(n, _)| n != name);
            vars.push((name.into(), value.into()));
        }
        vars.into_iter()
            .filter_map(|(n, v)| {
                let mut s = n.into_vec();
                s.push(b'=');
                s.extend(v.into_vec());
                CString::new(s).ok()
            })
            .collect()
    }
}

impl Targets {
    /// Starts a command, held before its first instruction. It is split at white space: no shell is involved.
    pub fn start(&mut self, command: &str, env: &Environment) -> Result<()> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let Some(&program) = words.first() else {
            bail!("failed to execute '{command}': no command")
        };
        let path = find_program(program).ok_or_else(|| {
            anyhow!(io::Error::from_raw_os_error(libc::ENOENT))
                .context(format!("failed to execute {program}"))
        })?;
        let pid = spawn_held(&path, &words, env)
            .with_context(|| format!("failed to execute {program}"))?;
        self.list.push(Target {
            pid,
            ours: true,
            held: true,
            alive: true,
        });
        Ok(())
    }

    /// Watches a process.
    pub fn attach(&mut self, pid: u32) -> Result<()> {
        if !exists(pid) {
            let e = io::Error::from_raw_os_error(libc::ESRCH);
            return Err(anyhow!(e).context(format!("failed to grab process {pid}")));
        }
        self.list.push(Target {
            pid,
            ours: false,
            held: false,
            alive: true,
        });
        Ok(())
    }

    /// `$target`.
    pub fn first(&self) -> Option<u32> {
        self.list.first().map(|t| t.pid)
    }

    /// Some process of `-p` must be looked at now and then: nobody tells us of its end.
    pub fn needs_polling(&self) -> bool {
        self.list.iter().any(|t| !t.ours && t.alive)
    }

    /// None is left.
    pub fn all_ended(&self) -> bool {
        !self.list.is_empty() && self.list.iter().all(|t| !t.alive)
    }

    /// Lets the commands run. `watch_exit`: they stop once more before they exit.
    pub fn release(&mut self, watch_exit: bool) {
        for t in self.list.iter_mut().filter(|t| t.held) {
            t.held = false;
            if watch_exit && ptrace(libc::PTRACE_SETOPTIONS, t.pid, libc::PTRACE_O_TRACEEXIT) {
                ptrace(libc::PTRACE_CONT, t.pid, 0);
            } else if !ptrace(libc::PTRACE_DETACH, t.pid, 0) {
                // It was not stopped by ptrace but by itself.
                signal(t.pid, libc::SIGCONT);
            }
        }
    }

    /// Lets a command go that is about to exit.
    pub fn let_exit(&mut self, pid: u32) {
        ptrace(libc::PTRACE_DETACH, pid, 0);
    }

    /// Looks for what happened to the processes.
    pub fn reap(&mut self) -> Vec<Noticed> {
        let mut noticed = Vec::new();
        for t in self.list.iter_mut().filter(|t| t.alive) {
            let pid = t.pid;
            if !t.ours {
                if !exists(pid) {
                    t.alive = false;
                    noticed.push(Noticed::Ended(format!("pid {pid} has exited")));
                }
                continue;
            }
            while let Some(status) = wait(pid, libc::WNOHANG) {
                if libc::WIFSTOPPED(status) {
                    match status >> 16 {
                        libc::PTRACE_EVENT_EXIT => noticed.push(Noticed::Exiting(pid)),
                        // A signal on its way to the command: it gets it.
                        0 => {
                            ptrace(libc::PTRACE_CONT, pid, libc::WSTOPSIG(status));
                        }
                        _ => {
                            ptrace(libc::PTRACE_CONT, pid, 0);
                        }
                    }
                    continue;
                }
                t.alive = false;
                noticed.push(Noticed::Ended(
                    match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
                        (true, 0) => format!("pid {pid} has exited"),
                        (true, n) => format!("pid {pid} exited with status {n}"),
                        (false, _) => format!(
                            "pid {pid} terminated by {}",
                            signal_name(libc::WTERMSIG(status))
                        ),
                    },
                ));
                break;
            }
        }
        noticed
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        for t in self.list.iter().filter(|t| t.ours && t.alive) {
            signal(t.pid, libc::SIGKILL);
            wait(t.pid, 0);
        }
    }
}

/// Looks a program up as `execvp` does, so that its absence is known before anything else happens.
fn find_program(name: &str) -> Option<CString> {
    let executable = |p: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        p.metadata()
            .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return executable(name.as_ref())
            .then(|| CString::new(name).ok())
            .flatten();
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|p| executable(p))
        .and_then(|p| CString::new(p.into_os_string().into_vec()).ok())
}

fn null_terminated(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain(std::iter::once(std::ptr::null()))
        .collect()
}

/// Forks, executes, waits until the child stands still.
fn spawn_held(path: &CString, words: &[&str], env: &Environment) -> io::Result<u32> {
    let args: Vec<CString> = words.iter().filter_map(|w| CString::new(*w).ok()).collect();
    let env = env.build();
    let (argv, envp) = (null_terminated(&args), null_terminated(&env));
    let (read, write) = pipe()?;
    // SAFETY: until execve or _exit the child makes system calls only (everything it needs was allocated before), so it
    // doesn't matter which locks other threads held.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => return Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: all pointers are to null-terminated arrays of NUL-terminated strings that live on; see above.
            unsafe {
                child(
                    path.as_ptr(),
                    argv.as_ptr(),
                    envp.as_ptr(),
                    write.as_raw_fd(),
                )
            }
        }
        _ => {}
    }
    drop(write);
    let child = u32::try_from(pid).map_err(io::Error::other)?;
    match wait(child, libc::WUNTRACED) {
        Some(status) if libc::WIFSTOPPED(status) => Ok(child),
        _ => {
            // It has ended: execve failed, and the pipe says why.
            let mut errno = [0; 4];
            let n = rustix::io::read(&read, &mut errno).unwrap_or(0);
            Err(match n {
                4 => io::Error::from_raw_os_error(i32::from_ne_bytes(errno)),
                _ => io::Error::other("the command ended before it began"),
            })
        }
    }
}

/// What the child does. It never returns.
///
/// # Safety
/// Between `fork` and `execve`: system calls only. The arguments are as `execve` wants them.
unsafe fn child(
    path: *const libc::c_char,
    argv: *const *const libc::c_char,
    envp: *const *const libc::c_char,
    report: RawFd,
) -> ! {
    // SAFETY: system calls with the caller's valid pointers; `errno` outlives the write.
    unsafe {
        // As a shell would have it: we catch or ignore signals that the program should not ignore.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) != 0 {
            libc::raise(libc::SIGSTOP);
        }
        libc::execve(path, argv, envp);
        let errno = *libc::__errno_location();
        libc::write(report, (&raw const errno).cast(), size_of_val(&errno));
        libc::_exit(127)
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds: [RawFd; 2] = [0; 2];
    // SAFETY: the array has room for the two descriptors.
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were just made and belong to nobody else.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

/// The state of a child, if it changed.
fn wait(pid: u32, flags: libc::c_int) -> Option<libc::c_int> {
    let pid = libc::pid_t::try_from(pid).ok()?;
    let mut status = 0;
    loop {
        // SAFETY: `status` is a live integer.
        match unsafe { libc::waitpid(pid, &mut status, flags) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            n if n == pid => return Some(status),
            _ => return None,
        }
    }
}

fn signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: kill touches no memory.
        unsafe { libc::kill(pid, signal) };
    }
}

/// A request to a stopped tracee. Whether it was one.
fn ptrace(request: libc::c_uint, pid: u32, data: libc::c_int) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return false;
    };
    // SAFETY: the requests used here take numbers, no memory of ours; a process that is not our tracee is an error.
    unsafe { libc::ptrace(request, pid, 0, libc::c_long::from(data)) == 0 }
}

/// Whether a process is there and not a zombie.
fn exists(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The state follows the name, which is in parentheses and may hold any character.
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|s| s.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

fn signal_name(n: libc::c_int) -> String {
    const NAMES: &[(libc::c_int, &str)] = &[
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    NAMES
        .iter()
        .find(|s| s.0 == n)
        .map_or_else(|| format!("signal {n}"), |s| s.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn run_to_end(command: &str, env: &Environment, watch_exit: bool) -> Vec<Noticed> {
        let mut t = Targets::default();
        t.start(command, env).expect("started");
        t.release(watch_exit);
        let begin = Instant::now();
        let mut all = Vec::new();
        while !t.all_ended() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{all:?}");
            for n in t.reap() {
                if let Noticed::Exiting(pid) = n {
                    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("maps");
                    assert!(
                        maps.contains("[stack]"),
                        "an exiting command still has its mappings"
                    );
                    t.let_exit(pid);
                }
                all.push(n);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        all
    }

    fn ends_with(command: &str, want: &str) {
        for watch_exit in [false, true] {
            let noticed = run_to_end(command, &Environment::default(), watch_exit);
            assert_eq!(noticed.len(), 1 + usize::from(watch_exit));
            let Some(Noticed::Ended(text)) = noticed.last() else {
                panic!("{noticed:?}")
            };
            assert!(text.ends_with(want), "{text}");
        }
    }

    #[test]
    fn how_commands_end() {
        ends_with("true", " has exited");
        ends_with("/bin/false", " exited with status 1");
        ends_with("sh -c kill${IFS}-TERM${IFS}$$", " terminated by SIGTERM");
    }

    #[test]
    fn the_program_is_in_place_and_has_not_run() {
        let mut t = Targets::default();
        t.start("sleep 100", &Environment::default())
            .expect("started");
        let pid = t.first().expect("a pid");
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("comm");
        assert_eq!(comm, "sleep\n");
        assert!(t.reap().is_empty());
        drop(t);
        assert!(!exists(pid), "a command is killed when tracing ends");
    }

    #[test]
    fn what_can_not_be_run() {
        let mut t = Targets::default();
        for (command, want) in [
            (
                "/no/such/program",
                "failed to execute /no/such/program: No such file or directory (os error 2)",
            ),
            (
                "nosuchprogram x",
                "failed to execute nosuchprogram: No such file or directory (os error 2)",
            ),
            (
                "/etc/passwd",
                "failed to execute /etc/passwd: No such file or directory (os error 2)",
            ),
            ("  ", "failed to execute '  ': no command"),
        ] {
            assert_eq!(
                format!(
                    "{:#}",
                    t.start(command, &Environment::default())
                        .expect_err("refused")
                ),
                want
            );
        }
        assert!(t.attach(0x7fff_fff0).is_err());
        assert!(t.list.is_empty());
    }

    #[test]
    fn environment_of_commands() {
        let env = Environment {
            set: vec!["DT_TEST_A=x=y".into()],
            unset: vec!["HOME".into()],
        };
        // No shell splits the command: it is one word after -c.
        let noticed = run_to_end(
            "sh -c test${DT_TEST_A:+${IFS}-z${IFS}\"$HOME\"}",
            &env,
            false,
        );
        let Some(Noticed::Ended(text)) = noticed.last() else {
            panic!("{noticed:?}")
        };
        assert!(text.ends_with("has exited"), "{text}");
    }

    #[test]
    fn a_process_of_ours_is_there() {
        let mut t = Targets::default();
        t.attach(std::process::id()).expect("attached");
        assert!(t.needs_polling() && t.reap().is_empty() && !t.all_ended());
    }
}
