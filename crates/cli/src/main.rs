//! The `swingpose` program: the process's streams and signals around [`swingpose_cli::run`].

use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use swingpose_cli::{Exit, Io, run};
use swingpose_doctor::Places;

fn main() -> ExitCode {
    name_the_cuda_headers();
    let interrupted = Arc::new(AtomicBool::new(false));
    stop_at_interrupt(&interrupted);
    let io = &mut Io {
        out: &mut stdout(),
        err: &mut stderr(),
        err_is_terminal: stderr().is_terminal(),
        interrupted: &interrupted,
    };
    run(std::env::args_os(), io).into()
}

/// Points `CUDA_PATH`, from which CubeCL takes the CUDA headers, to a folder that has them, where there is one.
#[expect(unsafe_code, reason = "the environment is changed in this one place")]
fn name_the_cuda_headers() {
    if let Some(path) = Places::of_this_machine().cuda_path_to_set() {
        // SAFETY: this comes first in `main`, when the process has no other thread that could read the environment.
        unsafe { std::env::set_var("CUDA_PATH", path) };
    }
}

/// The first Ctrl-C (or SIGTERM) asks the run to stop at the next frame and to keep what is labeled; the second ends the process at
/// once, which costs the segment in hand. Either way no label file appears that is not whole.
fn stop_at_interrupt(interrupted: &Arc<AtomicBool>) {
    let flag = Arc::clone(interrupted);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            end_now();
        }
    };
    // Without a handler Ctrl-C ends the process at once, which is safe too; there is nothing to report.
    let _ = ctrlc::set_handler(handler);
}

#[expect(clippy::exit, reason = "a second Ctrl-C means now")]
fn end_now() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}
