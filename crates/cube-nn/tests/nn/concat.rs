//! The concatenation against one pixel at a time.

use cubecl::client::Client;
use swingpose_cube_nn::concat::concat;
use swingpose_kernels::concat as host;

use crate::check::{Number, Seeded, download, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..30 {
        let seeded = &mut Seeded::new(seed);
        let (a_channels, b_channels) = (seeded.pick(&[1, 6, 8, 20, 32]), seeded.pick(&[1, 6, 8, 20, 32]));
        let pixels = seeded.size(1..=3000);
        let (a, b) = (seeded.numbers::<E>(pixels * a_channels), seeded.numbers::<E>(pixels * b_channels));
        let expected = host::reference::concat(&a, &b, a_channels, b_channels);
        let [a, b] = [a, b].map(|numbers| upload::<E>(client, &numbers));
        let found = concat(client, &a, &b, a_channels, b_channels);
        assert_eq!(download(client, &found), expected, "seed {seed} {pixels} pixels");
    }
}

/// More cubes than an axis has.
#[test]
fn a_map_beyond_an_axis_is_the_references() {
    let client = client();
    let pixels = 65_535 * 256 / 2 + 1000;
    let a: Vec<f32> = (0..pixels).map(|pixel| pixel as f32).collect();
    let on_device = upload::<f32>(&client, &a);
    let y = download(&client, &concat(&client, &on_device, &on_device, 1, 1));
    assert!(y.as_chunks::<2>().0.iter().zip(&a).all(|(y, a)| *y == [*a; 2]) && y.len() == 2 * pixels);
}
