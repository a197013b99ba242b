//! Decoder configuration records: how a sample is framed, and the parameter sets that stand before it.
//!
//! `avcC` and `hvcC` are ISO/IEC 14496-15 5.3.3.1 and 8.3.3.1, `av1C` is the AV1-ISOBMFF binding 2.3; Matroska's
//! CodecPrivate holds the same records. Read from hostile bytes, so nothing is indexed.

/// How the picture data of a sample is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// H.264 NAL units, each after its length in this many bytes (1, 2 or 4).
    AvcNalUnits(u8),
    /// HEVC NAL units, likewise.
    HevcNalUnits(u8),
    /// AV1 open bitstream units of one temporal unit.
    Obus,
    /// One VP9 frame or superframe.
    Vp9Frame,
    /// Bytes that this crate does not look into.
    Opaque,
}

/// What a configuration record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodecConfig {
    /// The layout of the samples.
    pub(crate) framing: Framing,
    /// What goes before a sample where decoding begins: Annex B parameter sets, or AV1 OBUs.
    pub(crate) parameter_sets: Vec<u8>,
}

impl CodecConfig {
    /// A layout without parameter sets.
    pub(crate) const fn bare(framing: Framing) -> Self {
        Self { framing, parameter_sets: Vec::new() }
    }

    /// An `avcC` record; `None` if it is broken.
    pub(crate) fn avc(record: &[u8]) -> Option<Self> {
        let mut record = Cursor(record);
        let [version, _profile, _compatibility, _level, length_size, sequence_sets] = record.array()?;
        let mut parameter_sets = Vec::new();
        record.copy_units(usize::from(sequence_sets & 31), &mut parameter_sets)?;
        let picture_sets = record.array::<1>()?[0];
        record.copy_units(picture_sets.into(), &mut parameter_sets)?;
        (version == 1).then_some(())?;
        Some(Self { framing: Framing::AvcNalUnits(nal_length_size(length_size)?), parameter_sets })
    }

    /// An `hvcC` record; `None` if it is broken.
    pub(crate) fn hevc(record: &[u8]) -> Option<Self> {
        let mut record = Cursor(record);
        // Writers older than the final standard left the version 0.
        let fixed = record.array::<23>()?;
        let mut parameter_sets = Vec::new();
        for _ in 0..fixed[22] {
            let [_kind, count_high, count_low] = record.array()?;
            record.copy_units(u16::from_be_bytes([count_high, count_low]).into(), &mut parameter_sets)?;
        }
        Some(Self { framing: Framing::HevcNalUnits(nal_length_size(fixed[21])?), parameter_sets })
    }

    /// An `av1C` record; `None` if it is broken.
    pub(crate) fn av1(record: &[u8]) -> Option<Self> {
        let (&[marker_and_version, ..], obus) = record.split_first_chunk::<4>()?;
        (marker_and_version == 0x81).then(|| Self { framing: Framing::Obus, parameter_sets: obus.to_vec() })
    }
}

/// `lengthSizeMinusOne` of a record's byte; 3 bytes are not allowed.
const fn nal_length_size(byte: u8) -> Option<u8> {
    match byte & 3 {
        2 => None,
        size => Some(size + 1),
    }
}

/// What is left of a record.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(*head)
    }

    /// Copies `count` NAL units with 16-bit lengths to `out`, each after a start code.
    fn copy_units(&mut self, count: usize, out: &mut Vec<u8>) -> Option<()> {
        for _ in 0..count {
            let length = u16::from_be_bytes(self.array()?).into();
            let (unit, tail) = self.0.split_at_checked(length)?;
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
            self.0 = tail;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_avc_record_gives_its_parameter_sets_as_annex_b() {
        let record = [1, 100, 0, 40, 0xFF, 0xE1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 9, 0xFD, 0xF8];
        let config = CodecConfig::avc(&record).unwrap();
        assert_eq!(config.framing, Framing::AvcNalUnits(4));
        assert_eq!(config.parameter_sets, [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 9]);
    }

    #[test]
    fn an_hevc_record_gives_its_arrays_in_order() {
        let mut record = vec![0; 23];
        record[21] = 0b1101;
        record[22] = 2;
        record.extend_from_slice(&[0xA0, 0, 1, 0, 2, 0x40, 1, 0xA1, 0, 2, 0, 1, 0x42, 0, 1, 0x43]);
        let config = CodecConfig::hevc(&record).unwrap();
        assert_eq!(config.framing, Framing::HevcNalUnits(2));
        assert_eq!(config.parameter_sets, [0, 0, 0, 1, 0x40, 1, 0, 0, 0, 1, 0x42, 0, 0, 0, 1, 0x43]);
    }

    #[test]
    fn a_cut_record_is_refused_wherever_it_is_cut() {
        let record = [1, 100, 0, 40, 0xFF, 0xE1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 9];
        for length in 0..record.len() {
            assert_eq!(CodecConfig::avc(&record[..length]), None, "{length} bytes");
        }
        assert_eq!(CodecConfig::av1(&[0x81, 0, 0]), None);
        assert_eq!(CodecConfig::av1(&[0x01, 0, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn no_record_grows_beyond_what_it_was_given(record in prop::collection::vec(any::<u8>(), 0..200)) {
            for read in [CodecConfig::avc, CodecConfig::hevc, CodecConfig::av1] {
                if let Some(config) = read(&record) {
                    // A unit of no bytes costs 2 bytes of record and gives a start code of 4.
                    prop_assert!(config.parameter_sets.len() <= 2 * record.len());
                }
            }
        }
    }
}
