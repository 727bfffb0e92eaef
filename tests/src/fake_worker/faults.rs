//! What happens to the process itself: ends, crashes, stops, leaks. Each fault is a thread that waits for its moment.

use std::time::Duration;

use super::flags::Flags;

/// How often the leak grows.
const LEAK_STEP: Duration = Duration::from_millis(10);
const PAGE: usize = 4096;

pub fn ignore_sigterm() {
    // SAFETY: sets a disposition, runs no handler.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
}

/// Starts every fault that was asked for.
pub fn begin(flags: &Flags) {
    let (code, signal) = (flags.exit_code, flags.exit_signal);
    at(flags.exit_after, move || end(code, signal));
    at(flags.segfault_after, segfault);
    at(flags.stop_itself_after, || raise(libc::SIGSTOP));
    at(flags.close_pipes_after, || {
        // SAFETY: nothing in this program writes to them afterwards but to fail.
        unsafe { (libc::close(1), libc::close(2)) };
    });
    if let Some(rate) = flags.leak {
        std::thread::spawn(move || leak(rate));
    }
    if flags.burn {
        std::thread::spawn(|| {
            loop {
                std::hint::black_box(super::now_ns());
            }
        });
    }
}

fn at(after: Option<u64>, fault: impl FnOnce() + Send + 'static) {
    match after {
        // At once means before anything else.
        Some(0) => fault(),
        Some(after) => {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(after));
                fault();
            });
        }
        None => {}
    }
}

fn end(code: i32, signal: Option<i32>) {
    if let Some(signal) = signal {
        raise(signal);
    }
    std::process::exit(code)
}

pub fn raise(signal: i32) {
    // SAFETY: signals this very process.
    unsafe { libc::kill(libc::getpid(), signal) };
}

pub fn segfault() {
    let nothing: *mut u8 = std::hint::black_box(std::ptr::null_mut());
    // SAFETY: none; this is the crash that was asked for.
    unsafe { nothing.write_volatile(1) };
}

pub fn leak(mb_per_second: usize) {
    let step = mb_per_second * 1_000_000 / 100;
    loop {
        let mut piece = Vec::<u8>::with_capacity(step);
        for page in piece.spare_capacity_mut().iter_mut().step_by(PAGE) {
            page.write(1);
        }
        std::mem::forget(std::hint::black_box(piece));
        std::thread::sleep(LEAK_STEP);
    }
}
