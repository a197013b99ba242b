//! The fast pyramid against the scalar one: maxima are exact.

use super::{host, reference};
use crate::check::{Seeded, assert_same_bits};

#[test]
fn host_equals_reference_on_odd_shapes() {
    for seed in 0..60 {
        let seeded = &mut Seeded::new(seed);
        let image = [seeded.size(1..=2), seeded.size(1..=20), seeded.size(1..=20), seeded.size(1..=40)];
        let x = seeded.numbers(image.iter().product());
        assert_eq!(host::spp(&x, image), reference::spp(&x, image), "seed {seed} {image:?}");
    }
}

#[test]
fn batch_and_threads_do_not_change_bits() {
    let x = Seeded::new(1).numbers(3 * 20 * 20 * 17);
    assert_same_bits(3, "spp", |range| host::spp(&x[range.start * 6800..range.end * 6800], [range.len(), 20, 20, 17]));
}

#[test]
fn nan_is_the_maximum_of_its_windows() {
    let mut x = Seeded::new(2).numbers(15 * 15 * 20);
    x[(7 * 15 + 3) * 20 + 5] = f32::NAN;
    let (found, expected) = (host::spp(&x, [1, 15, 15, 20]), reference::spp(&x, [1, 15, 15, 20]));
    assert!(
        found.iter().zip(&expected).all(|(found, expected)| found == expected || found.is_nan() && expected.is_nan())
    );
    assert_eq!(found.iter().filter(|y| y.is_nan()).count(), 1 + 5 * 5 + 9 * 8 + 13 * 10);
}
