//! What the tests of the operations share: seeded numbers, a tolerance that knows how large the sums were, and the
//! promise that neither batch nor threads change a bit.

use std::ops::RangeInclusive;

use crate::Activation;

/// All activations, to go through in tests.
pub(crate) const ACTIVATIONS: [Activation; 4] =
    [Activation::None, Activation::Relu, Activation::Silu, Activation::Gelu];

/// A seeded source of numbers (splitmix64).
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub(crate) fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + (self.next() % (range.end() - range.start() + 1) as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.size(0..=items.len() - 1)]
    }

    /// Numbers in -2..2, now and then one a hundred times larger.
    pub(crate) fn numbers(&mut self, len: usize) -> Vec<f32> {
        (0..len)
            .map(|_| {
                let number = (self.next() >> 40) as f32 / (1 << 22) as f32 - 2.0;
                if self.next().is_multiple_of(97) { 100.0 * number } else { number }
            })
            .collect()
    }
}

/// Magnitudes, for a reference run that tells how large the sums were.
pub(crate) fn magnitudes(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| x.abs()).collect()
}

/// Asserts `found` within 2e-6 of what the sum behind each number adds up to without signs.
pub(crate) fn assert_close(found: &[f32], expected: &[f32], sizes: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    for (index, ((found, expected), size)) in found.iter().zip(expected).zip(sizes).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 2e-6 * size.max(1e-3), "{what}: at {index} found {found}, expected {expected}, sum of {size}");
    }
}

/// Asserts that what is infinite or not a number in one is so in the other.
pub(crate) fn assert_same_classes(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let same = found.is_finite() == expected.is_finite() && found.is_nan() == expected.is_nan();
        assert!(same, "{what}: at {index} found {found}, expected {expected}");
    }
}

/// Asserts that `run` of all `images` at once gives, on 1, 2 and 5 threads, the bits of one image after the other.
pub(crate) fn assert_same_bits(images: usize, what: &str, run: impl Fn(std::ops::Range<usize>) -> Vec<f32> + Sync) {
    let bits = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let one_by_one = bits((0..images).flat_map(|image| run(image..image + 1)).collect());
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(bits(pool.install(|| run(0..images))), one_by_one, "{what}: {threads} threads");
    }
}
