//! 200,000 people judged: two label files of 100,000 frames compared, 5,000 pictures evaluated, and 5,000 label files read.
//!
//! Labels are drawn here by a small generator. Each result is first held against what is known of it, then timed: the median
//! of five runs, in seconds. The figures are in `benches/README.md`.

use serde_json::json;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_judge::coco::{Detection, EvalOptions, PoseScore, Truth, evaluate, evaluate_files};
use swingpose_judge::{CompareOptions, Comparison, compare};
use swingpose_labels::{Ending, LabelSink, LabelWriter, read};

const FRAMES: u64 = 100_000;
const PICTURES: i64 = 5_000;
const PEOPLE_A_PICTURE: usize = 40;
/// How far keypoints stray at most, in pixels.
const STRAY: f32 = 3.0;

fn main() {
    let folder = tempfile::tempdir().expect("a folder for label files");
    report("compare, 100,000 frames of 2 people", || compared(folder.path()));
    report("evaluate, 5,000 pictures of 40 people", evaluated);
    report("evaluate, 5,000 label files of 2 people", || evaluated_files(folder.path()));
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn report<T>(what: &str, prepare: impl FnOnce() -> Box<dyn Fn() -> T>) {
    let run = prepare();
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("{what:<42}{:>8.2} s", seconds[2]);
}

fn compared(folder: &Path) -> Box<dyn Fn() -> Comparison> {
    let (a, b) = (folder.join("a.poses.parquet"), folder.join("b.poses.parquet"));
    for (path, stray) in [(&a, 0.0), (&b, STRAY)] {
        let mut chance = Chance(1);
        let frame =
            |number: u64| frame(number, (0..2).map(|who| person(400.0 * who as f32, stray, &mut chance)).collect());
        write(path, "clip.mp4", (0..FRAMES).map(frame));
    }
    let run = move || {
        let open = |path| read(path).expect("a label file that was just written");
        compare(open(&a), open(&b), &CompareOptions::default()).expect("labels of one video")
    };
    let comparison = run();
    assert_eq!((comparison.people.matched, comparison.people.missed), (2 * FRAMES, 0));
    let px = comparison.keypoints.px.expect("measured keypoints");
    assert!(px.max <= f64::from(STRAY.hypot(STRAY)) && px.median > 1.0, "{px:?}");
    Box::new(run)
}

fn evaluated() -> Box<dyn Fn() -> f64> {
    let mut chance = Chance(2);
    let crowd = |stray: f32, chance: &mut Chance| -> Vec<Vec<PersonLabel>> {
        let row =
            |chance: &mut Chance| (0..PEOPLE_A_PICTURE).map(|who| person(60.0 * who as f32, stray, chance)).collect();
        (0..PICTURES).map(|_| row(chance)).collect()
    };
    let truth = truth(&crowd(0.0, &mut chance));
    let detections = |people: &[Vec<PersonLabel>]| -> Vec<Detection> {
        let picture = |(id, people): (i64, &Vec<PersonLabel>)| {
            people.iter().map(|person| Detection::new(id, person, PoseScore::default())).collect::<Vec<_>>()
        };
        (0..).zip(people).flat_map(picture).collect()
    };
    let exact = evaluate(&truth, &detections(&crowd(0.0, &mut chance)), None);
    assert!((exact.boxes.ap - 1.0).abs() < 1e-9, "{exact:?}");
    let strayed = detections(&crowd(STRAY, &mut chance));
    Box::new(move || evaluate(&truth, &strayed, None).boxes.ap)
}

fn evaluated_files(folder: &Path) -> Box<dyn Fn() -> f64> {
    let mut chance = Chance(3);
    let people: Vec<Vec<_>> =
        (0..PICTURES).map(|_| vec![person(0.0, 0.0, &mut chance), person(300.0, 0.0, &mut chance)]).collect();
    let annotations = folder.join("annotations.json");
    std::fs::write(&annotations, annotated(&people)).expect("room for annotations");
    let files: Vec<PathBuf> = (0..PICTURES).map(|id| folder.join(format!("{id:012}.poses.parquet"))).collect();
    for ((id, file), people) in (0_i64..).zip(&files).zip(people) {
        write(file, &name(id), std::iter::once(frame(0, people)));
    }
    let run = move || {
        evaluate_files(&annotations, &files, &EvalOptions::default()).expect("labels of every picture").0.boxes.ap
    };
    assert!((run() - 1.0).abs() < 1e-9);
    Box::new(run)
}

fn name(id: i64) -> String {
    format!("{id:012}.jpg")
}

fn frame(number: u64, people: Vec<PersonLabel>) -> FrameLabels {
    FrameLabels { frame: FrameIndex(number), pts: number.cast_signed(), time_s: number as f64, people }
}

/// A person in a box of 100 x 200 pixels whose left edge is at `x`, with keypoints that stray from their places.
fn person(x: f32, stray: f32, chance: &mut Chance) -> PersonLabel {
    PersonLabel {
        person: 0,
        track: None,
        primary: true,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(x + stray * chance.next(), 0.0, x + 100.0, 200.0 + stray * chance.next()),
        box_score: 0.5 + 0.4 * chance.next(),
        keypoints: std::array::from_fn(|k| {
            let (dx, dy) = (stray * chance.next(), stray * chance.next());
            Keypoint::from([x + 6.0 * k as f32 + dx, 11.0 * k as f32 + dy, 0.7 + 0.2 * chance.next()])
        }),
    }
}

/// Annotations in which every keypoint is where `people` have it.
fn annotated(people: &[Vec<PersonLabel>]) -> String {
    let images: Vec<_> = (0..PICTURES).map(|id| json!({"id": id, "file_name": name(id)})).collect();
    let person = |(picture, person): (i64, &PersonLabel)| {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(person.bounding_box);
        let keypoints: Vec<f32> = person.keypoints.iter().flat_map(|k| [k.point.x, k.point.y, 2.0]).collect();
        (picture, [x1, y1, x2 - x1, y2 - y1], keypoints)
    };
    let people = (0..).zip(people).flat_map(|(picture, people)| people.iter().map(move |p| person((picture, p))));
    let annotations: Vec<_> = (1..)
        .zip(people)
        .map(|(id, (image, bbox, keypoints)): (u32, _)| {
            json!({"id": id, "image_id": image, "category_id": 1, "bbox": bbox, "area": 12000, "iscrowd": 0,
                   "num_keypoints": 17, "keypoints": keypoints})
        })
        .collect();
    json!({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}).to_string()
}

fn truth(people: &[Vec<PersonLabel>]) -> Truth {
    Truth::parse(annotated(people).as_bytes(), "person").expect("annotations that were just made")
}

fn write(path: &Path, input: &str, frames: impl Iterator<Item = FrameLabels>) {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/labels/golden.poses.parquet");
    let mut made = read(Path::new(golden)).expect("the golden label file").provenance;
    input.clone_into(&mut made.input.name);
    let mut writer = LabelWriter::create(path, &made).expect("a folder for label files");
    frames.for_each(|frame| writer.write(&frame).expect("frames in their order"));
    writer.finish(Ending::default()).expect("room for a label file");
}

/// Numbers from -1 to 1 (Marsaglia's xorshift, 2003).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }
}
