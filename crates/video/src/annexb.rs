//! Length-prefixed NAL units (ISO/IEC 14496-15) to Annex B byte streams, which is what the decoders take.

/// Puts start codes in place of the `length_bytes` lengths of the NAL units in `unit[start..]`.
///
/// False if the lengths do not add up to the bytes there are, or a NAL unit holds what no encoder writes into one (which
/// would read as the start of another): `unit` is then of no use.
pub(crate) fn from_length_prefixed(unit: &mut Vec<u8>, start: usize, length_bytes: u8) -> bool {
    match length_bytes {
        4 => replace_lengths(unit, start),
        _ => rebuild(unit, start, length_bytes.into()),
    }
}

/// Lengths of 4 bytes give way to start codes of 4 bytes, in place.
fn replace_lengths(unit: &mut [u8], start: usize) -> bool {
    let mut rest = unit.get_mut(start..).unwrap_or_default();
    while !rest.is_empty() {
        let Some((prefix, tail)) = rest.split_first_chunk_mut::<4>() else {
            return false;
        };
        let Ok(length) = usize::try_from(u32::from_be_bytes(*prefix)) else {
            return false;
        };
        *prefix = [0, 0, 0, 1];
        let Some((nal_unit, next)) = tail.split_at_mut_checked(length) else {
            return false;
        };
        if !is_well_formed(nal_unit) {
            return false;
        }
        rest = next;
    }
    true
}

fn rebuild(unit: &mut Vec<u8>, start: usize, length_bytes: usize) -> bool {
    let lengths = unit.split_off(start);
    let mut rest = lengths.as_slice();
    while !rest.is_empty() {
        let Some((prefix, tail)) = rest.split_at_checked(length_bytes) else {
            return false;
        };
        let length = prefix.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let Some((nal_unit, next)) = tail.split_at_checked(length) else {
            return false;
        };
        if !is_well_formed(nal_unit) {
            return false;
        }
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(nal_unit);
        rest = next;
    }
    true
}

/// Whether no two zero bytes are followed by one below 3 (ITU-T H.264 7.4.1, H.265 7.4.2.1), but for zeros at the end,
/// which some writers leave there. A stretch of a file lost to zeros shows here.
fn is_well_formed(nal_unit: &[u8]) -> bool {
    let end = nal_unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let mut rest = &nal_unit[..end];
    while let Some(zero) = memchr::memchr(0, rest) {
        rest = &rest[zero + 1..];
        if let [0, third, ..] = rest
            && *third < 3
        {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prefixed(units: &[Vec<u8>], length_bytes: usize) -> Vec<u8> {
        let each =
            units.iter().flat_map(|unit| [&(unit.len() as u32).to_be_bytes()[4 - length_bytes..], unit].concat());
        each.collect()
    }

    #[test]
    fn zeros_within_a_unit_are_damage_and_at_its_end_are_not() {
        assert!(is_well_formed(&[0x65, 0, 0, 3, 1, 0, 7, 0, 0]));
        assert!(is_well_formed(&[]));
        assert!(!is_well_formed(&[0x65, 9, 0, 0, 0, 0, 9]));
        assert!(!is_well_formed(&[0x65, 0, 0, 1, 9]));
    }

    proptest! {
        #[test]
        fn every_prefix_length_gives_the_same_stream(
            units in prop::collection::vec(prop::collection::vec(1_u8.., 0..200), 0..5), length_bytes in 1_u8..=4,
        ) {
            let expected: Vec<u8> = units.iter().flat_map(|unit| [&[0, 0, 0, 1][..], unit].concat()).collect();
            let mut stream = [b"sets".to_vec(), prefixed(&units, length_bytes.into())].concat();
            prop_assert!(from_length_prefixed(&mut stream, 4, length_bytes));
            prop_assert_eq!(&stream[..4], b"sets");
            prop_assert_eq!(&stream[4..], expected);
        }

        #[test]
        fn a_cut_unit_is_told(unit in prop::collection::vec(1_u8.., 1..200), length_bytes in 1_u8..=4) {
            let mut stream = prefixed(&[unit], length_bytes.into());
            stream.pop();
            prop_assert!(!from_length_prefixed(&mut stream, 0, length_bytes));
        }

        #[test]
        fn hostile_bytes_never_grow_more_than_fourfold(
            mut stream in prop::collection::vec(any::<u8>(), 0..300), length_bytes in 1_u8..=4,
        ) {
            let before = stream.len();
            from_length_prefixed(&mut stream, 0, length_bytes);
            prop_assert!(stream.len() <= 4 * before);
        }
    }
}
