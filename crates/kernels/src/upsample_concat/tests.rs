//! The fast top-down step against the scalar one.

use super::{host, reference};
use crate::check::{Seeded, assert_same_bits};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let image = [seeded.size(1..=3), seeded.size(1..=9), seeded.size(1..=9), seeded.size(1..=20)];
        let skip_channels = seeded.size(1..=20);
        let x = seeded.numbers(image.iter().product());
        let skip = seeded.numbers(4 * image[0] * image[1] * image[2] * skip_channels);
        let expected = reference::upsample_concat(&x, &skip, image, skip_channels);
        assert_eq!(host::upsample_concat(&x, &skip, image, skip_channels), expected, "seed {seed} {image:?}");
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let (x, skip) = (Seeded::new(1).numbers(3 * 200), Seeded::new(2).numbers(3 * 1200));
    assert_same_bits(3, "upsample_concat", |range| {
        let (x, skip) = (&x[range.start * 200..range.end * 200], &skip[range.start * 1200..range.end * 1200]);
        host::upsample_concat(x, skip, [range.len(), 5, 4, 10], 15)
    });
}
