//! What all findings of a video come to: whether its labels can be used as they are.

use crate::finding::{Kind, Mark};
use crate::limits::{FAIL_LOST, FAIL_SHARE};
use crate::scene::Scene;
use serde::Serialize;
use swingpose_core::provenance::Input;

/// Whether labels can be used as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Pass,
    /// There are findings to look at.
    Look,
    /// Too much of it is wrong, or something that cannot be so.
    Fail,
}

impl Verdict {
    /// The word that JSON and pages use for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Look => "look",
            Self::Fail => "fail",
        }
    }
}

/// The verdict, and why: what fails comes first, then each kind that was found.
pub(crate) fn judge(scene: &Scene, marks: &[Mark], input: &Input) -> (Verdict, Vec<String>) {
    let failures = failures(scene, marks, input);
    let verdict = match (failures.is_empty(), marks.is_empty()) {
        (false, _) => Verdict::Fail,
        (true, false) => Verdict::Look,
        (true, true) => Verdict::Pass,
    };
    let kinds = Kind::ALL.iter().filter_map(|&kind| kind_reason(scene, marks, kind));
    let reasons: Vec<String> = failures.into_iter().chain(kinds).collect();
    (verdict, if reasons.is_empty() { vec!["nothing suspicious was found".to_owned()] } else { reasons })
}

fn failures(scene: &Scene, marks: &[Mark], input: &Input) -> Vec<String> {
    let frames = scene.clock.len();
    if frames == 0 {
        return vec!["the labels hold no frame".to_owned()];
    }
    if scene.people.is_empty() {
        return vec!["nobody was found in any frame".to_owned()];
    }
    let mut failures = Vec::new();
    let suspicious = suspicious_frames(scene, marks);
    if suspicious as f64 > FAIL_SHARE * frames as f64 {
        let percent = 100.0 * suspicious as f64 / frames as f64;
        failures.push(format!("{percent:.0} % of the frames are suspicious where the video is about somebody"));
    }
    if marks.iter().any(|mark| mark.kind == Kind::Nowhere) {
        failures.push("there are labels that are no numbers".to_owned());
    }
    if (1..frames).any(|place| scene.clock.step(place) <= 0.0) {
        failures.push("time stands still or runs back".to_owned());
    }
    if input.lost_frames as f64 > FAIL_LOST * (frames as f64 + input.lost_frames as f64) {
        failures.push(format!("{} frames could not be decoded", input.lost_frames));
    }
    failures
}

/// Frames in which something is wrong with the person that the video is about. A keypoint that is unsure says so itself, and odd
/// times and switches are events and no state of a frame: they do not count here.
fn suspicious_frames(scene: &Scene, marks: &[Mark]) -> usize {
    let counts = |mark: &&Mark| match mark.kind {
        Kind::Time | Kind::Switch => false,
        Kind::Unsure => mark.keypoints == 0,
        _ => true,
    };
    let of_main = |mark: &&Mark| mark.person.is_none() || mark.person == scene.main;
    covered(scene, marks.iter().filter(counts).filter(of_main))
}

/// How many frames `marks` cover together.
pub(crate) fn covered<'a>(scene: &Scene, marks: impl Iterator<Item = &'a Mark>) -> usize {
    let mut frames = vec![false; scene.clock.len()];
    marks.for_each(|mark| frames[mark.places.clone()].fill(true));
    frames.into_iter().filter(|&covered| covered).count()
}

fn kind_reason(scene: &Scene, marks: &[Mark], kind: Kind) -> Option<String> {
    let of_kind = || marks.iter().filter(|mark| mark.kind == kind);
    let worst = of_kind().max_by(|one, other| one.score.total_cmp(&other.score))?;
    let frames = covered(scene, of_kind());
    let words = if frames == 1 { "frame" } else { "frames" };
    Some(format!("{} in {frames} {words}, worst in frame {}", kind.title(), scene.clock.frames[worst.worst]))
}
