//! Decoding against the host's: on the maps of whole networks, on maps with ties and more candidates than there is room for, and the
//! choice of people.

use cubecl::client::Client;
use swingpose_cube_kernels::DeviceSlice;
use swingpose_cube_kernels::detect_decode::{Level, PeopleCfg, TestCfg, detect_decode, people};
use swingpose_kernels::detect_decode as host;

use crate::fixture::Fixture;
use crate::nms::download;
use crate::noise::Noise;
use swingpose_cube_nn::device::client;

/// A level of every image: logits, distances, height, width, stride.
struct Maps {
    levels: Vec<(Vec<f32>, Vec<f32>, [usize; 3])>,
    classes: usize,
    size: usize,
    n: usize,
}

impl Maps {
    /// Logits of few values if `coarse`, so that ties are common.
    fn draw(noise: &mut Noise, classes: usize, n: usize, coarse: bool) -> Self {
        let level = |[height, width, stride]: [usize; 3]| {
            let logit = |noise: &mut Noise| {
                if coarse { noise.below(10) as f32 - 6.0 } else { noise.unit() * 12.0 - 8.0 }
            };
            let logits = (0..n * height * width * classes).map(|_| logit(noise)).collect();
            let distances = (0..n * height * width * 4).map(|_| noise.unit() * 44.0 - 4.0).collect();
            (logits, distances, [height, width, stride])
        };
        let levels = [[9, 12, 8], [5, 6, 16], [1, 3, 32]].map(level).into();
        Self { levels, classes, size: 96, n }
    }

    fn upload(&self, client: &Client, image: Option<usize>) -> Vec<Level> {
        let part = |all: &[f32]| match image {
            Some(image) => DeviceSlice::new(client, all.chunks_exact(all.len() / self.n).nth(image).unwrap()),
            None => DeviceSlice::new(client, all),
        };
        let level = |(logits, distances, [height, width, stride]): &(Vec<f32>, Vec<f32>, [usize; 3])| Level {
            cls_scores: part(logits),
            bbox_preds: part(distances),
            height: *height,
            width: *width,
            stride: *stride,
        };
        self.levels.iter().map(level).collect()
    }

    fn on_host(&self, image: usize, scale: (f64, f64), cfg: &TestCfg) -> Vec<host::Detection> {
        let part = |all: &'_ [f32]| {
            let length = all.len() / self.n;
            image * length..(image + 1) * length
        };
        let level = |(logits, distances, [_, width, stride]): &'_ (Vec<f32>, Vec<f32>, [usize; 3])| {
            (part(logits), part(distances), *width, *stride)
        };
        let places: Vec<_> = self.levels.iter().map(level).collect();
        let levels: Vec<_> = places
            .into_iter()
            .zip(&self.levels)
            .map(|((logits, distances, width, stride), all)| host::Level {
                cls_scores: &all.0[logits],
                bbox_preds: &all.1[distances],
                width,
                stride,
            })
            .collect();
        host::detect_decode(&levels, self.classes, self.size, scale, cfg)
    }
}

fn plain(detections: &[host::Detection]) -> Vec<([f32; 4], f32, u32)> {
    detections.iter().map(|found| (found.bbox, found.score, found.label)).collect()
}

#[test]
fn detections_are_the_hosts_with_ties_and_more_candidates_than_room() {
    let client = client();
    let mut noise = Noise::new(1);
    let cfg = TestCfg { score_thr: 0.05, nms_pre: 40, iou_threshold: 0.6, max_per_img: 30 };
    for cfg in [
        cfg,
        TestCfg { nms_pre: 1000, max_per_img: 500, ..cfg },
        TestCfg { nms_pre: 1, ..cfg },
        TestCfg { score_thr: 0.5, iou_threshold: 0.3, ..cfg },
        TestCfg { score_thr: 0.99, ..cfg },
        TestCfg { score_thr: 0.0, ..cfg },
        TestCfg { nms_pre: 0, ..cfg },
        // More places than CUDA's own kernel keeps.
        TestCfg { max_per_img: 600, ..cfg },
    ] {
        for (classes, coarse) in [(1, true), (3, true), (2, false)] {
            let maps = Maps::draw(&mut noise, classes, 3, coarse);
            let scales = [(0.75, 0.7), (1.0, 1.0), (0.31, 0.33)];
            let found = detect_decode(&client, &maps.upload(&client, None), classes, maps.size, &scales, &cfg);
            for (image, found) in download(&client, &found, false).iter().enumerate() {
                assert_eq!(*found, plain(&maps.on_host(image, scales[image], &cfg)), "image {image}, {cfg:?}");
            }
        }
    }
}

/// Many logits of few values, or close together, so that the best cannot be told apart by a histogram.
#[test]
fn levels_whose_scores_crowd_are_the_hosts() {
    let client = client();
    let cfg = TestCfg { score_thr: 0.05, nms_pre: 150, iou_threshold: 0.6, max_per_img: 100 };
    let mut noise = Noise::new(5);
    for (start, range, steps) in [(1.0, 0.0, 1), (1.0, 2e-3, 1000), (16.0, 4.0, 1000), (-1e-6, 2e-6, 1000)] {
        let shape = [47, 45, 2];
        let logit = |noise: &mut Noise| start + range * (noise.below(steps) as f32 / steps as f32);
        let logits = (0..2 * 47 * 45 * 5).map(|_| logit(&mut noise)).collect();
        let distances = (0..2 * 47 * 45 * 4).map(|_| noise.unit() * 9.0).collect();
        let maps = Maps { levels: vec![(logits, distances, shape)], classes: 5, size: 96, n: 2 };
        let found = detect_decode(&client, &maps.upload(&client, None), 5, 96, &[(0.5, 0.7); 2], &cfg);
        for (image, found) in download(&client, &found, false).iter().enumerate() {
            assert_eq!(*found, plain(&maps.on_host(image, (0.5, 0.7), &cfg)), "from {start}, {range} wide");
        }
    }
}

/// Four levels are one more than CUDA's own kernels take.
#[test]
fn an_empty_fourth_level_changes_nothing() {
    let client = client();
    let mut maps = Maps::draw(&mut Noise::new(6), 3, 2, true);
    let cfg = TestCfg { score_thr: 0.1, nms_pre: 30, iou_threshold: 0.5, max_per_img: 20 };
    let found = |maps: &Maps| {
        let found = detect_decode(&client, &maps.upload(&client, None), 3, maps.size, &[(0.5, 0.5); 2], &cfg);
        download(&client, &found, false)
    };
    let three = found(&maps);
    maps.levels.push((vec![-9.0; 6], vec![1.0; 8], [1, 1, 64]));
    assert_eq!(found(&maps), three);
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let maps = Maps::draw(&mut Noise::new(2), 2, 3, true);
    let cfg = TestCfg { score_thr: 0.1, nms_pre: 30, iou_threshold: 0.5, max_per_img: 20 };
    let together = detect_decode(&client, &maps.upload(&client, None), 2, maps.size, &[(0.5, 0.5); 3], &cfg);
    for (image, together) in download(&client, &together, false).iter().enumerate() {
        let alone = detect_decode(&client, &maps.upload(&client, Some(image)), 2, maps.size, &[(0.5, 0.5)], &cfg);
        assert_eq!(*together, download(&client, &alone, false)[0]);
    }
}

#[test]
fn numbers_that_are_none_and_boxes_inside_out_are_dropped() {
    let client = client();
    let cfg = TestCfg { score_thr: 0.05, nms_pre: 100, iou_threshold: 0.6, max_per_img: 100 };
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let cases = [
        (nan, [1.0; 4]),
        (1.0, [nan, 1.0, 1.0, 1.0]),
        (1.0, [1.0, 1.0, 1.0, nan]),
        (1.0, [-2.0, 1.0, 1.0, 1.0]),
        (-inf, [1.0; 4]),
        (inf, [inf; 4]),
        (0.0, [0.0, 0.0, 7.0, 7.0]),
    ];
    for (logit, distances) in cases {
        let maps =
            Maps { levels: vec![(vec![logit; 16], distances.repeat(16), [4, 4, 8])], classes: 1, size: 32, n: 1 };
        let found = detect_decode(&client, &maps.upload(&client, None), 1, 32, &[(0.5, 0.5)], &cfg);
        let expected = plain(&maps.on_host(0, (0.5, 0.5), &cfg));
        assert_eq!(download(&client, &found, false)[0], expected, "{logit} {distances:?}");
    }
}

#[test]
fn detections_of_whole_networks_are_the_hosts() {
    let client = client();
    for name in ["rtmdet_nano1", "rtmdet_nano3", "rtmdet_m_person"] {
        let fixture = Fixture::open(name);
        let shape = |level: usize| fixture.shape(&format!("cls.{level}"));
        let classes = shape(0)[1];
        let read = |kind: &str, level: usize, channels: usize| {
            channels_last(&fixture.f32(&format!("{kind}.{level}")), channels)
        };
        let level = |i: usize| (read("cls", i, classes), read("box", i, 4), [shape(i)[2], shape(i)[3], [8, 16, 32][i]]);
        let size = usize::try_from(fixture.json("input_size").as_u64().unwrap()).unwrap();
        let maps = Maps { levels: (0..3).map(level).collect(), classes, size, n: 1 };
        let cfg = fixture.json("test_cfg");
        let count = |key: &str| cfg[key].as_u64().unwrap() as usize;
        let cfg = TestCfg {
            score_thr: cfg["score_thr"].as_f64().unwrap() as f32,
            nms_pre: count("nms_pre"),
            iou_threshold: cfg["nms"]["iou_threshold"].as_f64().unwrap() as f32,
            max_per_img: count("max_per_img"),
        };
        let scale: (f64, f64) = serde_json::from_value(fixture.json("scale_factor")).unwrap();
        let found = detect_decode(&client, &maps.upload(&client, None), classes, maps.size, &[scale], &cfg);
        let expected = maps.on_host(0, scale, &cfg);
        assert_eq!(download(&client, &found, false)[0], plain(&expected), "{name}");
        assert!(!expected.is_empty(), "{name}");
    }
}

/// `[h, w, c]` of a map whose channels come first.
fn channels_last(map: &[f32], channels: usize) -> Vec<f32> {
    let area = map.len() / channels;
    (0..area).flat_map(|cell| (0..channels).map(move |channel| map[channel * area + cell])).collect()
}

#[test]
fn people_are_the_hosts_cut_to_the_picture() {
    let client = client();
    let mut noise = Noise::new(4);
    let maps = Maps::draw(&mut noise, 2, 3, false);
    let cfg = TestCfg { score_thr: 0.05, nms_pre: 200, iou_threshold: 0.6, max_per_img: 100 };
    let scales = [(0.75, 0.7), (1.0, 1.0), (2.0, 2.0)];
    // Smaller than what the square covers, so that boxes end beyond, and some lie wholly outside.
    let pictures = [(100, 90), (60, 96), (48, 20)];
    let found = detect_decode(&client, &maps.upload(&client, None), 2, maps.size, &scales, &cfg);
    let choice = PeopleCfg { score_threshold: 0.3, iou_threshold: 0.3, limit: 100 };
    let found = download(&client, &people(&client, &found, &pictures, choice), true);
    for (image, found) in found.iter().enumerate() {
        let detections = maps.on_host(image, scales[image], &cfg);
        let (width, height) = (pictures[image].0 as f32, pictures[image].1 as f32);
        let cut = |person: &host::Detection| {
            let [x1, y1, x2, y2] = person.bbox;
            let cut = [x1.clamp(0.0, width), y1.clamp(0.0, height), x2.clamp(0.0, width), y2.clamp(0.0, height)];
            (cut[2] > cut[0] && cut[3] > cut[1]).then_some((cut, person.score, person.label))
        };
        let expected: Vec<_> = host::people(&detections, 0.3, 0.3).iter().filter_map(cut).collect();
        assert_eq!(*found, expected, "image {image}");
        assert!(!expected.is_empty());
    }
}
