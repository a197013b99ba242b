//! Levels: samples of any depth as 16-bit integers, and products of them.

/// Samples handled together: some vector registers full, and a size that the compiler knows.
pub(super) const BLOCK: usize = 64;

/// A stored sample, of whatever width.
pub(super) trait Sample: Copy + Send + Sync {
    /// The sample in 1/256 of an 8-bit level, as 16 bits without sign; `shift` is 16 less the bit depth.
    fn level(self, shift: u32) -> u16;
}

impl Sample for u8 {
    #[inline(always)]
    fn level(self, _: u32) -> u16 {
        u16::from(self) << 8
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn level(self, shift: u32) -> u16 {
        self << shift
    }
}

/// `a * b / 65536`, rounded down: one instruction on x86, where the rounded form is not found by the compiler.
#[inline(always)]
pub(super) fn scale(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// What four products rounded down lack on average.
pub(super) const LACK: i16 = 2;
