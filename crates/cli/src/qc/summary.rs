//! What is said of a batch: a line a video on standard error, and the index as JSON.

use super::place::{self, Target};
use crate::io::Io;
use crate::progress::plural;
use serde_json::{Value, json};
use std::path::Path;
use swingpose_qc::page::Entry;
use swingpose_qc::{Report, Verdict};

/// A label file that was checked, or why it could not be.
pub(super) struct Checked<'a> {
    pub(super) labels: &'a Path,
    pub(super) target: Target,
    pub(super) outcome: Result<Report, String>,
}

impl Checked<'_> {
    /// Says how it went.
    pub(super) fn tell(&self, out: &Path, io: &mut Io<'_>) {
        let labels = self.labels.display();
        match &self.outcome {
            Ok(report) => {
                let (verdict, reasons) = (report.verdict.word(), report.reasons.join("; "));
                io.say(format_args!("{verdict}: {labels}: {reasons} -> {}", out.join(&self.target.page).display()));
            }
            Err(error) => io.say(format_args!("error: {labels}: not checked: {error}")),
        }
    }

    /// Its row of the index.
    pub(super) fn entry(&self) -> Entry<'_> {
        let name = self.labels.file_name().and_then(|name| name.to_str()).unwrap_or("labels");
        let outcome = self.outcome.as_ref().map(|report| (report, &*self.target.page)).map_err(String::as_str);
        Entry { name, outcome }
    }

    fn json(&self) -> Value {
        let labels = self.labels.display().to_string();
        match &self.outcome {
            Ok(report) => json!({
                "labels": labels,
                "input": report.provenance.input.name,
                "verdict": report.verdict,
                "reasons": report.reasons,
                "frames": report.frames,
                "findings": report.findings.len(),
                "suspicious_frames": report.suspicious_frames,
                "page": self.target.page,
                "report": self.target.json,
            }),
            Err(error) => json!({ "labels": labels, "verdict": Verdict::Fail, "error": error }),
        }
    }
}

/// How many have each verdict.
fn counts(checked: &[Checked<'_>]) -> [(Verdict, u64); 3] {
    let count = |verdict| checked.iter().filter(|one| one.entry().verdict() == verdict).count() as u64;
    [Verdict::Pass, Verdict::Look, Verdict::Fail].map(|verdict| (verdict, count(verdict)))
}

/// The index.
pub(super) fn json(checked: &[Checked<'_>]) -> Value {
    let [(_, pass), (_, look), (_, fail)] = counts(checked);
    let videos: Vec<Value> = checked.iter().map(Checked::json).collect();
    json!({ "pass": pass, "look": look, "fail": fail, "videos": videos })
}

/// Says what the batch came to.
pub(super) fn tell(checked: &[Checked<'_>], out: &Path, io: &mut Io<'_>) {
    let counts = counts(checked).map(|(verdict, count)| format!("{count} {}", verdict.word()));
    let (count, index) = (checked.len() as u64, out.join(place::INDEX_PAGE));
    io.say(format_args!("{count} {}: {} -> {}", plural(count, "video", "videos"), counts.join(", "), index.display()));
}
