//! How labeling shows while it goes: a bar with speed and time left on a terminal, one line an input elsewhere.

use crate::io::Io;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use swingpose::Reporter;

/// The bar: what, how far, how fast, how long still.
const TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len} frames  {per_sec}  {eta} left";

/// The progress of one input.
pub(crate) struct Progress<'a, 'io> {
    io: &'a mut Io<'io>,
    bar: Option<ProgressBar>,
}

impl<'a, 'io> Progress<'a, 'io> {
    pub(crate) const fn new(io: &'a mut Io<'io>) -> Self {
        Self { io, bar: None }
    }
}

impl Reporter for Progress<'_, '_> {
    fn started(&mut self, input: &Path, frames: u64) {
        if !self.io.err_is_terminal {
            self.io.say(format_args!("{}: {frames} {} to label", input.display(), plural(frames, "frame", "frames")));
            return;
        }
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let name = input.file_name().unwrap_or(input.as_os_str()).to_string_lossy().into_owned();
        self.bar = Some(ProgressBar::new(frames).with_style(style).with_message(name));
    }

    fn progressed(&mut self, frames: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(frames);
        }
    }

    fn should_stop(&self) -> bool {
        self.io.is_interrupted()
    }
}

impl Drop for Progress<'_, '_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The word for `count` of a thing.
pub(crate) const fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
