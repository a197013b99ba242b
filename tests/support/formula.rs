//! Numbers and pictures that any language makes the same: what the reference was fed when its results were recorded.
//! A tensor's numbers follow from its name (SplitMix64 from the FNV-1a hash of it), a picture's pixels from where they lie.

/// `count` numbers in [-1, 1), exact in f32: the upper 24 bits of a SplitMix64 stream that starts at FNV-1a of `name`.
pub fn unit(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let mut state = fnv1a64(name);
    (0..count).map(move |_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
        (x >> 40) as f32 * 2f32.powi(-23) - 1.0
    })
}

fn fnv1a64(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// A BGR picture of curved bands and inverted blocks, three bytes a pixel.
#[must_use]
pub fn picture(width: usize, height: usize) -> Vec<u8> {
    let pixel = move |x: usize, y: usize, channel: usize| {
        let bands = x * x * (3 + channel) + y * y * (5 - channel) + x * y * (1 + 2 * channel);
        let value = ((bands >> 11) & 255) as u8;
        if ((x >> 6) + (y >> 6) + channel).is_multiple_of(5) { 255 - value } else { value }
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |channel| pixel(x, y, channel)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of the FNV authors.
        assert_eq!(fnv1a64(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a64("foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn numbers_lie_between_minus_one_and_one() {
        let numbers: Vec<f32> = unit("backbone.stem.0.conv.weight", 10_000).collect();
        assert!(numbers.iter().all(|number| (-1.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
    }
}
