//! What the tests of the operations share: seeded numbers of each type, a tolerance that knows how large the sums were, and the promise
//! that neither the batch nor the type's width changes what a device computes.

use std::ops::{Range, RangeInclusive};

use cubecl::client::Client;
use half::{bf16, f16};
use swingpose_cube_nn::{Activation, DeviceSlice, Element};
use swingpose_kernels as host;

use crate::noise::Noise;

/// All activations, and what the reference calls them.
pub(crate) const ACTIVATIONS: [(Activation, host::Activation); 4] = [
    (Activation::None, host::Activation::None),
    (Activation::Relu, host::Activation::Relu),
    (Activation::Silu, host::Activation::Silu),
    (Activation::Gelu, host::Activation::Gelu),
];

/// A type the operations take.
pub(crate) trait Number: Element {
    /// Half the distance from 1 to the next number: what storing a result costs.
    const ROUNDING: f32;
    /// Half the smallest number, which is what it costs at least.
    const LEAST: f32;
    fn of(x: f32) -> Self;
    fn back(self) -> f32;
}

impl Number for f32 {
    const ROUNDING: Self = Self::EPSILON / 2.0;
    const LEAST: Self = Self::MIN_POSITIVE;
    fn of(x: Self) -> Self {
        x
    }
    fn back(self) -> Self {
        self
    }
}

impl Number for f16 {
    const ROUNDING: f32 = 1.0 / 2048.0;
    const LEAST: f32 = 1.0 / (1 << 25) as f32;
    fn of(x: f32) -> Self {
        Self::from_f32(x)
    }
    fn back(self) -> f32 {
        self.to_f32()
    }
}

impl Number for bf16 {
    const ROUNDING: f32 = 1.0 / 256.0;
    const LEAST: f32 = f32::MIN_POSITIVE;
    fn of(x: f32) -> Self {
        Self::from_f32(x)
    }
    fn back(self) -> f32 {
        self.to_f32()
    }
}

/// Whether the device computes with `E`; says so where it does not.
#[expect(clippy::print_stderr, reason = "a reason for who reads that a type was skipped")]
pub(crate) fn has<E: Number>(client: &Client) -> bool {
    let name = std::any::type_name::<E>();
    let has = client
        .properties()
        .features
        .type_usage(E::elem_type_native())
        .contains(cubecl::ir::features::TypeUsage::Buffer);
    if !has {
        eprintln!("{}: no {name}, skipped", client.name());
    }
    has
}

/// Runs a test that is generic over the type with each that the device has.
macro_rules! with_every_type {
    ($client:expr, $test:ident) => {{
        let client = $client;
        $test::<f32>(&client);
        if crate::check::has::<half::f16>(&client) {
            $test::<half::f16>(&client);
        }
        if crate::check::has::<half::bf16>(&client) {
            $test::<half::bf16>(&client);
        }
    }};
}
pub(crate) use with_every_type;

/// A seeded source of sizes and numbers.
pub(crate) struct Seeded(Noise);

impl Seeded {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Noise::new(seed))
    }

    pub(crate) const fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        *range.start() + self.0.next() as usize % (*range.end() - *range.start() + 1)
    }

    pub(crate) const fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.size(0..=items.len() - 1)]
    }

    /// Numbers in -2..2, now and then one ten times larger, that `E` holds exactly.
    pub(crate) fn numbers<E: Number>(&mut self, len: usize) -> Vec<f32> {
        (0..len)
            .map(|_| {
                let number = 2.0 * self.0.unit();
                E::of(if self.0.next().is_multiple_of(97) { 10.0 * number } else { number }).back()
            })
            .collect()
    }
}

/// `x` on the device as `E`.
pub(crate) fn upload<E: Number>(client: &Client, x: &[f32]) -> DeviceSlice<E> {
    let x: Vec<E> = x.iter().map(|&x| E::of(x)).collect();
    DeviceSlice::new(client, &x)
}

/// What a device left.
pub(crate) fn download<E: Number>(client: &Client, y: &DeviceSlice<E>) -> Vec<f32> {
    y.read(client).unwrap().into_iter().map(E::back).collect()
}

/// Magnitudes, for a reference run that tells how large the sums were.
pub(crate) fn magnitudes(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| x.abs()).collect()
}

/// Whether matrix products are cuBLASLt's: it rounds the bias, and the sum before its activation, to the numbers' type, and takes
/// another algorithm for another number of rows.
pub(crate) const fn products_are_the_librarys() -> bool {
    cfg!(feature = "cuda-tests")
}

/// Asserts `found` within 4e-6 of what the sum behind each number adds up to without signs, and what rounding to `E` costs.
pub(crate) fn assert_close<E: Number>(found: &[f32], expected: &[f32], sizes: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    for (index, ((found, expected), size)) in found.iter().zip(expected).zip(sizes).enumerate() {
        let narrow = if products_are_the_librarys() { 2.0 * E::ROUNDING * size } else { 0.0 };
        let allowed = 4e-6 * size.max(1e-3) + narrow + 1.01 * (E::ROUNDING * expected.abs()).max(E::LEAST);
        let error = (found - expected).abs();
        assert!(error <= allowed, "{what}: at {index} found {found}, expected {expected}, sum of {size}");
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

/// Asserts that `run` of all `images` at once gives the bits of one image after the other.
pub(crate) fn assert_same_bits(images: usize, what: &str, run: impl Fn(Range<usize>) -> Vec<f32>) {
    let bits = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let one_by_one = bits((0..images).flat_map(|image| run(image..image + 1)).collect());
    assert_eq!(bits(run(0..images)), one_by_one, "{what}");
}
