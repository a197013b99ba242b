//! Another program's figures, run right before ours on the same machine.

use super::Row;
use crate::io::Io;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::process::{Command, Stdio};

/// What it measured.
pub(super) struct Peer {
    figures: Vec<Figure>,
}

/// A line of its output.
#[derive(Debug, Deserialize)]
struct Figure {
    /// The row it stands beside.
    what: String,
    /// Milliseconds a batch.
    ms: Option<f64>,
    /// Frames a second.
    fps: Option<f64>,
    /// What it is.
    name: Option<String>,
}

impl Peer {
    /// Runs `command`; whatever it writes that is no figure is passed over.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub(super) fn run(command: &str, io: &mut Io<'_>) -> anyhow::Result<Self> {
        io.say(format_args!("running {command}"));
        let output = Command::new("sh").args(["-c", command]).stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot run {command}"))?;
        ensure!(output.status.success(), "{command} ended with {}", output.status);
        Ok(Self::read(&String::from_utf8_lossy(&output.stdout)))
    }

    fn read(text: &str) -> Self {
        Self { figures: text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect() }
    }

    /// What it calls itself.
    pub(super) fn name(&self) -> Option<String> {
        self.figures.iter().find_map(|figure| figure.name.clone())
    }

    /// Puts its best figure beside the row it belongs to.
    pub(super) fn stand_beside(&self, row: &mut Row) {
        let figures = || self.figures.iter().filter(|figure| figure.what == row.what);
        let (peer, times) = match row.ms {
            Some(ours) => {
                let least = figures().filter_map(|figure| figure.ms).min_by(f64::total_cmp);
                (least, least.map(|theirs| theirs / ours))
            }
            None => {
                let most = figures().filter_map(|figure| figure.fps).max_by(f64::total_cmp);
                (most, most.map(|theirs| row.fps / theirs))
            }
        };
        (row.peer, row.times_the_peer) = (peer, times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_figure_stands_beside_the_row_of_its_name() {
        let peer = Peer::read(
            "loading\n{\"what\": \"vitpose-h\", \"ms\": 20.0, \"name\": \"eager\"}\n{\"what\": \"vitpose-h\", \"ms\": 18.0}\n\
             {\"what\": \"e2e\", \"fps\": 500}\n",
        );
        let mut pose = Row { ms: Some(9.0), ..Row::rate("vitpose-h", 3555.0) };
        peer.stand_beside(&mut pose);
        assert_eq!((pose.peer, pose.times_the_peer), (Some(18.0), Some(2.0)));
        let mut whole = Row::rate("e2e", 1000.0);
        peer.stand_beside(&mut whole);
        assert_eq!((whole.peer, whole.times_the_peer), (Some(500.0), Some(2.0)));
        let mut other = Row::rate("decode", 1000.0);
        peer.stand_beside(&mut other);
        assert_eq!(other.peer, None);
        assert_eq!(peer.name().as_deref(), Some("eager"));
    }
}
