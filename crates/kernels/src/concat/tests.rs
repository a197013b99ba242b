//! The fast concatenation against the scalar one.

use super::{host, reference};
use crate::check::{Seeded, assert_same_bits};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..40 {
        let seeded = &mut Seeded::new(seed);
        let (pixels, a_channels, b_channels) = (seeded.size(1..=3000), seeded.size(1..=20), seeded.size(1..=20));
        let (a, b) = (seeded.numbers(pixels * a_channels), seeded.numbers(pixels * b_channels));
        let expected = reference::concat(&a, &b, a_channels, b_channels);
        assert_eq!(host::concat(&a, &b, a_channels, b_channels), expected, "seed {seed}");
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let (a, b) = (Seeded::new(1).numbers(3 * 2500), Seeded::new(2).numbers(3 * 5000));
    assert_same_bits(3, "concat", |range| {
        host::concat(&a[range.start * 2500..range.end * 2500], &b[range.start * 5000..range.end * 5000], 1, 2)
    });
}
