//! How a video goes over time, in few enough columns for a chart: the same number for a minute as for an hour.

use crate::scene::Scene;
use serde::Serialize;

/// Columns of a chart, at most.
const COLUMNS: usize = 600;
/// The wrists, left and right.
const WRISTS: [usize; 2] = [9, 10];

/// The course of a video, of its primary person where it is of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Seconds of the first frame.
    pub start_s: f64,
    /// Seconds of the last frame.
    pub end_s: f64,
    /// Equal stretches of the time between, in order; those without a frame are left out.
    pub columns: Vec<Column>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Column {
    /// Its first frame's time, in seconds.
    pub time_s: f64,
    /// The lowest and the highest mean score of the body's keypoints; `None` without a primary person.
    pub confidence: Option<[f32; 2]>,
    /// The highest speed of the left and of the right wrist, in sizes of the person a second; `None` where they are not sure.
    pub wrist_speed: [Option<f32>; 2],
    /// The smallest and the largest number of people.
    pub people: [u32; 2],
}

impl Series {
    pub(crate) fn of(scene: &Scene) -> Self {
        let clock = &scene.clock;
        let (Some(&start), Some(end)) = (clock.times.first(), clock.times.iter().copied().reduce(f64::max)) else {
            return Self::default();
        };
        let count = COLUMNS.min(clock.len());
        let column = |time: f64| {
            let share = if end > start { (time - start) / (end - start) } else { 0.0 };
            ((share * count as f64) as usize).min(count - 1)
        };
        let mut columns: Vec<Option<Column>> = vec![None; count];
        for (place, primary) in scene.primaries().into_iter().enumerate() {
            let frame = frame(scene, place, primary);
            let slot = &mut columns[column(clock.times[place])];
            *slot = Some(slot.map_or(frame, |column| column.with(&frame)));
        }
        Self { start_s: start, end_s: end, columns: columns.into_iter().flatten().collect() }
    }
}

/// A column of one frame.
fn frame(scene: &Scene, place: usize, primary: Option<(usize, usize)>) -> Column {
    let of_primary = primary.map(|(person, index)| (&scene.people[person], index));
    let speed = |wrist| {
        let speed = of_primary.map(|(person, index)| person.speed(index, wrist))?;
        speed.is_finite().then_some(speed as f32)
    };
    let people = scene.clock.people[place];
    Column {
        time_s: scene.clock.times[place],
        confidence: of_primary.map(|(person, index)| [person.samples()[index].confidence() as f32; 2]),
        wrist_speed: WRISTS.map(speed),
        people: [people; 2],
    }
}

impl Column {
    fn with(self, other: &Self) -> Self {
        let confidence = match (self.confidence, other.confidence) {
            (Some(one), Some(other)) => Some([one[0].min(other[0]), one[1].max(other[1])]),
            (one, other) => one.or(other),
        };
        let faster = |side: usize| match (self.wrist_speed[side], other.wrist_speed[side]) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        let people = [self.people[0].min(other.people[0]), self.people[1].max(other.people[1])];
        Self { time_s: self.time_s, confidence, wrist_speed: [faster(0), faster(1)], people }
    }
}
