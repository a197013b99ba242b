//! A comparison as a table of at most 80 columns for a person to read.

use super::Side;
use std::fmt::{self, Display, Formatter};
use swingpose_core::FrameIndex;
use swingpose_judge::Comparison;
use swingpose_judge::compare::FrameList;
use swingpose_judge::spread::{Agreement, Distances};

/// What stands where there is no number.
const NONE: &str = "-";

/// A comparison, to be printed.
pub(super) struct Table<'a> {
    pub(super) sides: &'a [Side<'a>; 2],
    pub(super) comparison: &'a Comparison,
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        writeln!(f)?;
        self.people(f)?;
        writeln!(f)?;
        self.keypoints(f)?;
        writeln!(f)?;
        self.worst(f)
    }
}

impl Table<'_> {
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (input, frames) = (&self.sides[0].made.input, self.comparison.frames);
        writeln!(f, "{}, {} x {} px, frames: {frames}", input.name, input.size.0, input.size.1)?;
        for (name, side) in ["A", "B"].iter().zip(self.sides) {
            let detector = side.made.detector.as_ref().map_or("no detector", |weights| &weights.architecture);
            let (pose, device) = (&side.made.pose.architecture, &side.made.device);
            writeln!(f, "{name}  {}", side.path.display())?;
            writeln!(f, "   {detector}, {pose}, {} on {}", device.precision, device.kind)?;
        }
        Ok(())
    }

    fn people(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Comparison { people, oks, box_iou, unmatched, .. } = self.comparison;
        writeln!(f, "people     A {}, B {}, matched {}", people.a, people.b, people.matched)?;
        writeln!(f, "           missed {}, extra {}, in frames: {}", people.missed, people.extra, Frames(unmatched))?;
        writeln!(f, "OKS        {}", Least(oks.as_ref()))?;
        match box_iou {
            None if people.matched > 0 => writeln!(f, "box IoU    {NONE} (the whole frame is nobody's box)"),
            box_iou => writeln!(f, "box IoU    {}", Least(box_iou.as_ref())),
        }
    }

    fn keypoints(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Comparison { keypoints, options, over_limit, not_finite, .. } = self.comparison;
        writeln!(f, "{:>56}{:>24}", "pixels", "torso lengths")?;
        writeln!(f, "keypoint{:>15}{HEAD}{:>8}{:>8}{:>8}", "count", "median", "p95", "p99")?;
        for each in &keypoints.each {
            writeln!(f, "{}", Row { name: each.keypoint, px: each.px.as_ref(), torsos: each.torsos.as_ref() })?;
        }
        writeln!(f, "{}", Row { name: "all", px: keypoints.px.as_ref(), torsos: keypoints.torsos.as_ref() })?;
        writeln!(f)?;
        writeln!(f, "measured   where A's score is {} or more", options.min_score)?;
        writeln!(f, "           lost in B (less sure) {}, gained in B {}", keypoints.lost, keypoints.gained)?;
        if keypoints.without_torso > 0 {
            writeln!(f, "           people without a torso to measure by: {}", keypoints.without_torso)?;
        }
        if keypoints.not_finite > 0 {
            writeln!(f, "           nowhere: {}, in frames: {}", keypoints.not_finite, Frames(not_finite))?;
        }
        writeln!(f, "over {} px  frames: {}", options.limit_px, Frames(over_limit))
    }

    fn worst(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.comparison.worst.is_empty() {
            return writeln!(f, "no keypoint has moved");
        }
        writeln!(f, "worst frames{:>10}{:>10}  keypoint{:>17}{:>7}{:>7}", "time s", "px", "person", "missed", "extra")?;
        for worst in &self.comparison.worst {
            let FrameIndex(frame) = worst.frame;
            let who = if worst.person_a == worst.person_b {
                worst.person_a.to_string()
            } else {
                format!("{}, B {}", worst.person_a, worst.person_b)
            };
            let (time, px, keypoint) = (worst.time_s, worst.px, worst.keypoint);
            writeln!(
                f,
                "{frame:>12}{time:>10.3}{px:>10.2}  {keypoint:<15}{who:>10}{:>7}{:>7}",
                worst.missed, worst.extra
            )?;
        }
        Ok(())
    }
}

/// The heads of the pixels' columns.
const HEAD: &str = "   median     p95     p99     max";

/// How far one keypoint has moved.
struct Row<'a> {
    name: &'a str,
    px: Option<&'a Distances>,
    torsos: Option<&'a Distances>,
}

impl Display for Row<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:<15}", self.name)?;
        match self.px {
            Some(px) => {
                write!(f, "{:>8}{:>9.2}{:>8.2}{:>8.2}{:>8.2}", px.count, px.median, px.p95, px.p99, px.max)?;
            }
            None => write!(f, "{:>8}{NONE:>9}{NONE:>8}{NONE:>8}{NONE:>8}", 0)?,
        }
        match self.torsos {
            Some(torsos) => write!(f, "{:>8.3}{:>8.3}{:>8.3}", torsos.median, torsos.p95, torsos.p99),
            None => write!(f, "{NONE:>8}{NONE:>8}{NONE:>8}"),
        }
    }
}

/// How alike at the least.
struct Least<'a>(Option<&'a Agreement>);

impl Display for Least<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Agreement { median, p5, p1, min, .. }) => {
                write!(f, "median {median:.4}   95 % from {p5:.4}   99 % from {p1:.4}   lowest {min:.4}")
            }
            None => f.write_str(NONE),
        }
    }
}

/// How many frames, and which come first.
struct Frames<'a>(&'a FrameList);

impl Display for Frames<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let FrameList { count, first } = self.0;
        write!(f, "{count}")?;
        let Some((FrameIndex(start), rest)) = first.split_first() else { return Ok(()) };
        write!(f, " ({start}")?;
        // Ten numbers of six digits would not fit into a line.
        let told = &rest[..rest.len().min(4)];
        told.iter().try_for_each(|FrameIndex(frame)| write!(f, ", {frame}"))?;
        f.write_str(if *count > 1 + told.len() as u64 { ", ...)" } else { ")" })
    }
}
