//! Letterboxing against the host's, from the same planes.

use half::f16;
use swingpose_cube_kernels::letterbox::letterbox;
use swingpose_kernels::letterbox as host;
use swingpose_video::BgrImage;

use crate::frames::{frames, kinds, levels_apart};
use swingpose_cube_nn::device::client;

const DEVIATIONS: [f32; 3] = [57.375, 57.12, 58.395];

fn on_host(image: &BgrImage, size: usize) -> Vec<f32> {
    let boxed = host::letterbox(&image.data, image.width, image.height, size);
    let mut out = vec![0.0; boxed.pixels.len()];
    host::normalize(&boxed.pixels, &mut out);
    out
}

#[test]
fn every_rotation_range_matrix_and_depth_is_the_hosts_to_a_level() {
    let client = client();
    // Odd and even, larger and smaller than the square, one pixel wide or high.
    let kinds = kinds(&[(33, 17), (160, 90), (91, 155), (64, 64), (1, 9), (40, 1), (200, 31), (7, 6), (2, 2)]);
    let (batch, images) = frames(&client, &kinds, 1);
    for size in [96, 37] {
        let found = letterbox::<f32>(&client, &batch, size).read(&client).unwrap();
        let mut worst = (0.0_f32, 0.0_f64);
        for ((kind, image), found) in kinds.iter().zip(&images).zip(found.chunks_exact(3 * size * size)) {
            let (most, mean) = levels_apart(found, &on_host(image, size), DEVIATIONS);
            assert!(most < 1.001 && mean < 0.05, "{kind:?} into {size}: {most}, {mean} levels apart");
            worst = (worst.0.max(most), worst.1.max(mean));
        }
        eprintln_figures(size, worst);
    }
}

#[expect(clippy::print_stderr, reason = "a figure for who runs the test by hand")]
fn eprintln_figures(size: usize, worst: (f32, f64)) {
    eprintln!("letterbox into {size}: at most {} and in the mean {} levels apart", worst.0, worst.1);
}

#[test]
fn frames_much_larger_than_the_square_are_the_hosts_to_a_level() {
    let client = client();
    // A tile of the square spans more of these than fits shared memory.
    let kinds: Vec<_> = kinds(&[(700, 410), (411, 703)]).into_iter().step_by(5).collect();
    let (batch, images) = frames(&client, &kinds, 9);
    let found = letterbox::<f32>(&client, &batch, 24).read(&client).unwrap();
    for ((kind, image), found) in kinds.iter().zip(&images).zip(found.chunks_exact(3 * 24 * 24)) {
        let (most, mean) = levels_apart(found, &on_host(image, 24), DEVIATIONS);
        assert!(most < 1.001 && mean < 0.05, "{kind:?}: {most}, {mean} levels apart");
    }
}

#[test]
fn a_batch_is_its_frames_one_by_one() {
    let client = client();
    let kinds = kinds(&[(50, 20), (21, 64)]);
    let (batch, _) = frames(&client, &kinds[..5], 2);
    let together = letterbox::<f32>(&client, &batch, 40).read(&client).unwrap();
    for (i, found) in together.chunks_exact(3 * 40 * 40).enumerate() {
        let alone = letterbox::<f32>(&client, &batch.one(&client, i), 40).read(&client).unwrap();
        assert!(found == alone, "frame {i}");
    }
}

#[test]
fn half_precision_is_the_same_numbers_rounded() {
    let client = client();
    let (batch, _) = frames(&client, &kinds(&[(50, 20)])[..2], 3);
    let full = letterbox::<f32>(&client, &batch, 48).read(&client).unwrap();
    let half = letterbox::<f16>(&client, &batch, 48).read(&client).unwrap();
    assert!(full.iter().zip(&half).all(|(full, half)| f16::from_f32(*full) == *half));
}

#[test]
fn no_frames_are_no_output() {
    let client = client();
    assert!(letterbox::<f32>(&client, &frames(&client, &[], 0).0, 32).is_empty());
}
