//! Reading a header bit by bit, most significant first; every read ends the parse at the end of the data.

/// Bits of a header.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    /// One bit.
    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = *self.data.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// An unsigned number of `n` bits, at most 32.
    pub(super) fn number(&mut self, n: u32) -> Option<u32> {
        (0..n).try_fold(0, |value: u32, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    /// An unsigned number of 8 bits.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.number(8).map(|value| value as u8)
    }

    /// Passes over `n` bits.
    pub(super) fn skip(&mut self, n: usize) -> Option<()> {
        self.position = self.position.checked_add(n).filter(|&end| end <= self.data.len() * 8)?;
        Some(())
    }

    /// An Exp-Golomb number: ITU-T H.264 section 9.1, `ue(v)`. At most 32 leading zeros.
    pub(super) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.number(zeros)?)
    }

    /// A signed Exp-Golomb number: ITU-T H.264 section 9.1.1, `se(v)`.
    pub(super) fn signed_golomb(&mut self) -> Option<i32> {
        let code = self.golomb()?;
        let magnitude = i32::try_from(code.div_ceil(2)).ok()?;
        Some(if code % 2 == 1 { magnitude } else { -magnitude })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_codes_of_the_standard_table() {
        // 1 010 011 00100 00101 and padding: table 9-2.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let codes: Vec<_> = (0..5).filter_map(|_| bits.golomb()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let signed: Vec<_> = (0..5).filter_map(|_| bits.signed_golomb()).collect();
        assert_eq!(signed, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn the_end_of_the_data_ends_the_parse() {
        let mut bits = Bits::new(&[0]);
        assert_eq!(bits.golomb(), None);
        assert_eq!(Bits::new(&[0, 0]).skip(17), None);
        assert_eq!(Bits::new(&[0xAB, 0xCD]).number(16), Some(0xABCD));
        assert_eq!(Bits::new(&[0xAB, 0xCD]).number(17), None);
    }
}
