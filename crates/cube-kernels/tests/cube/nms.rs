//! Suppression against the host's: the same boxes in the same order, ties and all.

use cubecl::client::Client;
use swingpose_cube_kernels::DeviceSlice;
use swingpose_cube_kernels::nms::{Boxes, batched_nms};
use swingpose_kernels::nms as host;

use crate::noise::Noise;
use swingpose_cube_nn::device::client;

type OneBox = ([f32; 4], f32, u32);

/// Images with the same number of places, of which those after an image's boxes are masked.
pub(crate) fn upload(client: &Client, images: &[Vec<OneBox>], capacity: usize) -> Boxes {
    let places = || images.iter().flat_map(|set| (0..capacity).map(move |i| set.get(i)));
    let corners: Vec<f32> = places().flat_map(|one| one.map_or([7.0; 4], |one| one.0)).collect();
    let scores: Vec<f32> = places().map(|one| one.map_or(9.0, |one| one.1)).collect();
    let labels: Vec<u32> = places().map(|one| one.map_or(0, |one| one.2)).collect();
    let live: Vec<u32> = places().map(|one| u32::from(one.is_some())).collect();
    Boxes {
        corners: DeviceSlice::new(client, &corners),
        scores: DeviceSlice::new(client, &scores),
        labels: DeviceSlice::new(client, &labels),
        live: DeviceSlice::new(client, &live),
        n: images.len(),
        capacity,
    }
}

/// The boxes of each image; none may follow an empty place unless `gaps`.
pub(crate) fn download(client: &Client, boxes: &Boxes, gaps: bool) -> Vec<Vec<OneBox>> {
    let (corners, scores) = (boxes.corners.read(client).unwrap(), boxes.scores.read(client).unwrap());
    let (labels, live) = (boxes.labels.read(client).unwrap(), boxes.live.read(client).unwrap());
    let image = |image: usize| {
        let places = image * boxes.capacity..(image + 1) * boxes.capacity;
        assert!(gaps || live[places.clone()].is_sorted_by(|a, b| a >= b), "boxes behind an empty place");
        let one = |i: usize| (corners.as_chunks::<4>().0[i], scores[i], labels[i]);
        places.filter(|&i| live[i] == 1).map(one).collect()
    };
    (0..boxes.n).map(image).collect()
}

fn on_host(set: &[OneBox], iou_threshold: f32, limit: usize) -> Vec<OneBox> {
    let boxes: Vec<_> = set.iter().map(|one| one.0).collect();
    let scores: Vec<_> = set.iter().map(|one| one.1).collect();
    let labels: Vec<_> = set.iter().map(|one| one.2).collect();
    host::batched_nms(&boxes, &scores, &labels, iou_threshold, limit).into_iter().map(|index| set[index]).collect()
}

/// On a coarse grid and with few scores, so that overlaps, equal boxes and ties are common.
fn draw(noise: &mut Noise, count: usize, start: f32) -> Vec<OneBox> {
    let one = |noise: &mut Noise| {
        let [x, y] = [0; 2].map(|_| start + noise.below(40) as f32 * 1.5);
        let [width, height] = [0; 2].map(|_| 1.5 + noise.below(30) as f32 * 1.5);
        ([x, y, x + width, y + height], noise.below(12) as f32 / 8.0, noise.below(4))
    };
    (0..count).map(|_| one(noise)).collect()
}

#[test]
fn the_kept_are_the_hosts_in_the_hosts_order() {
    let client = client();
    let mut noise = Noise::new(1);
    for (start, threshold, limit) in
        [(0.0, 0.3, 60), (0.0, 0.65, 7), (-40.0, 0.5, 60), (3.7, 0.0, 300), (-40.0, 0.5, 600), (0.0, 1.0, 1)]
    {
        // Images of different sizes, one of them without boxes, one with more than there are units.
        let images: Vec<_> = [0, 1, 17, 120, 300].map(|count| draw(&mut noise, count, start)).into();
        let found = batched_nms(&client, &upload(&client, &images, 300), threshold, limit);
        for (found, set) in download(&client, &found, false).iter().zip(&images) {
            assert_eq!(*found, on_host(set, threshold, limit), "{} boxes at {threshold}", set.len());
        }
    }
}

#[test]
fn an_overlap_of_exactly_the_threshold_is_allowed() {
    let client = client();
    let pair = vec![([0.0, 0.0, 10.0, 10.0], 0.4, 0), ([2.5, 0.0, 12.5, 10.0], 0.3, 0)];
    let kept = |threshold: f32| {
        let kept = batched_nms(&client, &upload(&client, std::slice::from_ref(&pair), 2), threshold, 4);
        download(&client, &kept, false)[0].len()
    };
    assert_eq!((kept(0.6), kept(0.6_f32.next_down())), (2, 1));
}

#[test]
fn boxes_of_nan_or_without_inside_are_harmless() {
    let client = client();
    let set = vec![
        ([0.0, 0.0, 10.0, 10.0], 0.9, 0),
        ([f32::NAN, 0.0, 10.0, 10.0], 0.8, 0),
        ([5.0; 4], 0.7, 0),
        ([5.0; 4], f32::NAN, 0),
    ];
    let found = batched_nms(&client, &upload(&client, &[set], 4), 0.5, 4);
    let scores: Vec<f32> = download(&client, &found, false)[0].iter().map(|one| one.1).collect();
    assert!(scores[0].is_nan());
    assert_eq!(scores[1..], [0.9, 0.8, 0.7]);
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let mut noise = Noise::new(3);
    let images: Vec<_> = (0..4).map(|i| draw(&mut noise, 30 * i, 0.0)).collect();
    let together = download(&client, &batched_nms(&client, &upload(&client, &images, 100), 0.4, 50), false);
    for (together, image) in together.iter().zip(images) {
        let alone = batched_nms(&client, &upload(&client, &[image], 100), 0.4, 50);
        assert_eq!(*together, download(&client, &alone, false)[0]);
    }
    assert!(batched_nms(&client, &upload(&client, &[], 10), 0.4, 5).live.is_empty());
    assert_eq!(download(&client, &batched_nms(&client, &upload(&client, &[vec![]], 0), 0.4, 5), false), [vec![]]);
}
