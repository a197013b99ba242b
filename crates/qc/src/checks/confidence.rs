//! Spans in which the network was not sure: of the whole body, or of one keypoint that it is usually sure of.

use crate::finding::{Kind, Mark};
use crate::limits::{SURE, UNSURE_DROP, UNSURE_KEYPOINT_RUN, UNSURE_RUN};
use crate::robust::{median, runs};
use crate::scene::Followed;
use crate::track::Sample;
use std::ops::Range;
use swingpose_core::skeleton::KEYPOINT_COUNT;

/// What the score is held against where it is 0.
const LEAST: f64 = 0.01;

pub(super) fn check(person: &Followed) -> Vec<Mark> {
    let scores: Vec<f64> = person.samples().iter().map(Sample::confidence).collect();
    let usual = median(scores.iter().copied()).unwrap_or(0.0);
    let limit = SURE.max(usual - UNSURE_DROP);
    let mut marks = spans(person, &scores, limit, UNSURE_RUN, |lowest| {
        format!("mean score of the body down to {lowest:.2}, usually {usual:.2}")
    });
    for keypoint in (0..KEYPOINT_COUNT).filter(|&keypoint| person.usually_sure(keypoint)) {
        let scores: Vec<f64> = person.samples().iter().map(|sample| sample.score(keypoint)).collect();
        let spans = spans(person, &scores, SURE, UNSURE_KEYPOINT_RUN, |lowest| format!("score down to {lowest:.2}"));
        marks.extend(spans.into_iter().map(|mark| mark.at([keypoint])));
    }
    marks
}

fn spans(person: &Followed, scores: &[f64], limit: f64, seconds: f64, note: impl Fn(f64) -> String) -> Vec<Mark> {
    let low = runs(scores.len(), |index| scores[index] < limit);
    let long = low.into_iter().filter(|run| run.len() > 1 && shown(person, run) >= seconds);
    long.map(|run| {
        let worst = run.clone().min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(run.start);
        let lowest = scores[worst];
        let place = |index: usize| person.samples()[index].place();
        let places = place(run.start)..place(run.end - 1) + 1;
        Mark::new(Kind::Unsure, places, limit / lowest.max(LEAST), note(lowest)).worst_at(place(worst))
    })
    .collect()
}

/// How long the frames of `run` are shown.
fn shown(person: &Followed, run: &Range<usize>) -> f64 {
    let span = person.times[run.end - 1] - person.times[run.start];
    span * run.len() as f64 / (run.len() - 1) as f64
}
