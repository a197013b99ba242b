//! How labeling shows while it goes: a bar with speed and time left on a terminal, one line an input elsewhere.

use crate::exit::Exit;
use crate::io::Io;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The bar: what, how far, how fast, how long still.
const TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len} frames  {per_sec}  {eta} left";

/// The progress of the inputs in flight.
pub(crate) struct Progress<'a, 'io> {
    io: &'a mut Io<'io>,
    bar: Option<ProgressBar>,
    /// Of each: its name, the frames labeled, the frames expected.
    in_flight: BTreeMap<usize, (String, u64, u64)>,
}

impl<'a, 'io> Progress<'a, 'io> {
    pub(crate) const fn new(io: &'a mut Io<'io>) -> Self {
        Self { io, bar: None, in_flight: BTreeMap::new() }
    }

    /// Labeling of `input` begins: `frames` frames are expected.
    pub(crate) fn started(&mut self, job: usize, input: &Path, frames: u64) {
        let name = input.file_name().unwrap_or(input.as_os_str()).to_string_lossy().into_owned();
        self.in_flight.insert(job, (name, 0, frames));
        if self.io.err_is_terminal {
            self.show();
        } else {
            self.io.say(format_args!("{}: {frames} {} to label", input.display(), plural(frames, "frame", "frames")));
        }
    }

    /// `frames` frames of it are labeled by now.
    pub(crate) fn progressed(&mut self, job: usize, frames: u64) {
        if let Some((_, labeled, _)) = self.in_flight.get_mut(&job) {
            *labeled = frames;
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.in_flight.values().map(|(_, labeled, _)| labeled).sum());
        }
    }

    /// It is over, which `say` tells in the bar's place.
    pub(crate) fn interrupted_by(&mut self, job: usize, say: impl FnOnce(&mut Io<'_>)) {
        self.in_flight.remove(&job);
        self.hide();
        say(self.io);
        if self.io.err_is_terminal && !self.in_flight.is_empty() {
            self.show();
        }
    }

    /// Says that the GPU does not answer, and ends the process: threads that wait for it can be stopped by nothing else. No
    /// label file appears that is not whole.
    pub(crate) fn give_up(&mut self, patience: Duration) -> ! {
        self.hide();
        let names: Vec<&str> = self.in_flight.values().map(|(name, ..)| name.as_str()).collect();
        self.io.say(format_args!(
            "error: the GPU has not answered for {} s, so {} cannot be labeled: see whether `nvidia-smi` answers, and start the \
             machine anew if it does not",
            patience.as_secs(),
            names.join(", ")
        ));
        std::process::exit(i32::from(Exit::SomeFailed.code()))
    }

    /// Whether the person asked to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.io.is_interrupted()
    }

    fn show(&mut self) {
        self.hide();
        let names: Vec<&str> = self.in_flight.values().map(|(name, ..)| name.as_str()).collect();
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let expected = self.in_flight.values().map(|(_, _, expected)| expected).sum();
        let labeled = self.in_flight.values().map(|(_, labeled, _)| labeled).sum();
        let bar = ProgressBar::new(expected).with_style(style).with_message(names.join(", ")).with_position(labeled);
        self.bar = Some(bar);
    }

    fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress<'_, '_> {
    fn drop(&mut self) {
        self.hide();
    }
}

/// The word for `count` of a thing.
pub(crate) const fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
