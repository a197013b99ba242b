//! The pyramid against one window at a time: maxima are exact.

use cubecl::client::Client;
use swingpose_cube_nn::spp::spp;
use swingpose_kernels::spp as host;

use crate::check::{Number, Seeded, assert_same_bits, download, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..30 {
        let seeded = &mut Seeded::new(seed);
        let channels = seeded.pick(&[1, 3, 8, 20, 36]);
        let image = [seeded.size(1..=3), seeded.size(1..=20), seeded.size(1..=20), channels];
        let x = seeded.numbers::<E>(image.iter().product());
        let found = download(client, &spp(client, &upload::<E>(client, &x), image));
        assert_eq!(found, host::reference::spp(&x, image), "seed {seed} {image:?}");
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let client = client();
    let x = Seeded::new(1).numbers::<f32>(3 * 6800);
    assert_same_bits(3, "spp", |images| {
        let x = upload::<f32>(&client, &x[images.start * 6800..images.end * 6800]);
        download(&client, &spp(&client, &x, [images.len(), 20, 20, 17]))
    });
}

#[test]
fn nan_is_the_maximum_of_its_windows() {
    let client = client();
    let mut x = Seeded::new(2).numbers::<f32>(15 * 15 * 20);
    x[(7 * 15 + 3) * 20 + 5] = f32::NAN;
    let found = download(&client, &spp(&client, &upload::<f32>(&client, &x), [1, 15, 15, 20]));
    let expected = host::reference::spp(&x, [1, 15, 15, 20]);
    assert!(
        found.iter().zip(&expected).all(|(found, expected)| found == expected || found.is_nan() && expected.is_nan())
    );
    assert_eq!(found.iter().filter(|y| y.is_nan()).count(), 1 + 5 * 5 + 9 * 8 + 13 * 10);
}
