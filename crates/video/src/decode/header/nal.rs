//! NAL units of an Annex B access unit: ITU-T H.264 and H.265, Annex B and section 7.4.1.

/// The NAL units between start codes, without them and without trailing zero bytes; empty ones are left out.
pub(in crate::decode) fn nal_units(access_unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(access_unit);
    std::iter::from_fn(move || {
        let data = rest?;
        let end = data.windows(3).position(|w| w == [0, 0, 1]);
        rest = end.map(|end| &data[end + 3..]);
        Some(&data[..end.unwrap_or(data.len())])
    })
    .map(|nal| &nal[..nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)])
    .filter(|nal| !nal.is_empty())
}

fn after_start_code(data: &[u8]) -> Option<&[u8]> {
    data.windows(3).position(|w| w == [0, 0, 1]).map(|start| &data[start + 3..])
}

/// The payload of a NAL unit after its `header` bytes, emulation prevention removed, at most `limit` bytes of it.
pub(super) fn payload(nal: &[u8], header: usize, limit: usize) -> Vec<u8> {
    let coded = nal.get(header..).unwrap_or_default();
    let mut out = Vec::with_capacity(coded.len().min(limit));
    let mut zeros = 0;
    for &byte in coded {
        if out.len() == limit {
            break;
        }
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_three_and_four_bytes_part_the_units() {
        let stream = [0, 0, 0, 1, 7, 1, 0, 0, 1, 8, 2, 0, 0, 0, 1, 5, 0, 0, 3, 1, 0, 0];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(units, [&[7, 1][..], &[8, 2], &[5, 0, 0, 3, 1]]);
        assert_eq!(nal_units(&[1, 2, 3]).count(), 0);
        assert_eq!(nal_units(&[0, 0, 1]).count(), 0);
    }

    #[test]
    fn emulation_prevention_is_removed() {
        assert_eq!(payload(&[0x67, 0, 0, 3, 1, 0, 0, 3], 1, 99), [0, 0, 1, 0, 0]);
        assert_eq!(payload(&[0x67, 9, 8, 7], 1, 2), [9, 8]);
        assert_eq!(payload(&[0x67], 2, 9), []);
    }
}
