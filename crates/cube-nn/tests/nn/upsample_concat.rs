//! The top-down step against one pixel at a time.

use cubecl::client::Client;
use swingpose_cube_nn::upsample_concat::upsample_concat;
use swingpose_kernels::upsample_concat as host;

use crate::check::{Number, Seeded, download, upload, with_every_type};
use swingpose_cube_nn::device::client;

#[test]
fn odd_shapes_are_the_references() {
    with_every_type!(client(), odd_shapes);
}

fn odd_shapes<E: Number>(client: &Client) {
    for seed in 0..30 {
        let seeded = &mut Seeded::new(seed);
        let channels = [seeded.pick(&[1, 6, 8, 20, 32]), seeded.pick(&[1, 6, 8, 20, 32])];
        let image = [seeded.size(1..=3), seeded.size(1..=9), seeded.size(1..=9), channels[0]];
        let x = seeded.numbers::<E>(image.iter().product());
        let skip = seeded.numbers::<E>(4 * image[0] * image[1] * image[2] * channels[1]);
        let expected = host::reference::upsample_concat(&x, &skip, image, channels[1]);
        let [x, skip] = [x, skip].map(|numbers| upload::<E>(client, &numbers));
        let found = upsample_concat(client, &x, &skip, image, channels[1]);
        assert_eq!(download(client, &found), expected, "seed {seed} {image:?}");
    }
}
