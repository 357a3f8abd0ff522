//! This test program as the traced one.
//!
//! With `DTRACE_TEST_CHILD=<job>` in its environment it does the job before `main` and ends, so that nothing of the test
//! runner is traced with it: one thread, no allocation, only the calls that the job is made of.

use std::ffi::CStr;

/// Reads and `getppid`s are made this often, by result: sizes of reads from a pipe, and how many.
pub const READS: &[(usize, usize)] = &[(1, 5), (10, 3), (100, 2)];
/// Calls of `getppid`.
pub const GETPPIDS: usize = 1000;
/// Calls by `int 0x80`.
pub const COMPAT: usize = 7;
/// The name that the child gives itself.
pub const NAME: &str = "traced-child";
/// The descriptor of its reads.
pub const FD: i32 = 777;

/// What the child runs as, for `-c`.
pub fn command() -> String {
    let exe = std::env::current_exe().expect("own path");
    exe.to_string_lossy().into_owned()
}

/// Runs in every process of this test program, before `main`.
extern "C" fn before_main() {
    // SAFETY: nothing else runs yet, so nothing changes the environment; the name is NUL-terminated.
    let job = unsafe { libc::getenv(c"DTRACE_TEST_CHILD".as_ptr()) };
    if job.is_null() {
        return;
    }
    // SAFETY: not null, so it is a NUL-terminated string of the environment.
    let job = unsafe { CStr::from_ptr(job) }.to_bytes();
    // SAFETY: PR_SET_NAME takes a NUL-terminated string of at most 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"traced-child".as_ptr()) };
    match job {
        b"calls" => calls(),
        b"compat" => compat(),
        b"sleep" => sleep(),
        b"status" => leave(3),
        _ => leave(99),
    }
    leave(0)
}

// SAFETY: the section holds pointers to functions of this type, which the C runtime calls before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

fn leave(status: i32) {
    // SAFETY: ends the process; nothing of ours needs to be run at its end.
    unsafe { libc::_exit(status) }
}

fn calls() {
    for _ in 0..GETPPIDS {
        // SAFETY: takes nothing. The C library's wrapper makes the call each time.
        unsafe { libc::getppid() };
    }
    let mut pipe = [0; 2];
    let mut buf = [0u8; 128];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe(pipe.as_mut_ptr()) } != 0 {
        leave(98);
    }
    // SAFETY: descriptors of our own.
    if unsafe { libc::dup2(pipe[0], FD) } != FD {
        leave(97);
    }
    for &(size, times) in READS {
        for _ in 0..times {
            // SAFETY: both calls stay within the buffer, which is longer than any size in the table.
            unsafe {
                libc::write(pipe[1], buf.as_ptr().cast(), size);
                libc::read(FD, buf.as_mut_ptr().cast(), buf.len());
            }
        }
    }
}

/// `getpid` as 32-bit programs call it.
fn compat() {
    for _ in 0..COMPAT {
        let nr_getpid_32: u64 = 20;
        // SAFETY: the call takes nothing and writes nothing; the kernel clobbers r8 to r11 on this path.
        unsafe {
            std::arch::asm!(
                "int 0x80",
                inout("rax") nr_getpid_32 => _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            );
        }
    }
}

fn sleep() {
    loop {
        // SAFETY: takes a number.
        unsafe { libc::usleep(10_000) };
    }
}
