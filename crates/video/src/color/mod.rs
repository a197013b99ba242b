//! What samples mean as colour, and the way from any decoded picture to upright 8-bit BGR.
//!
//! The matrix and the range come from the bitstream (`decode`), else from the container, else from the defaults of
//! FFmpeg's swscale: BT.601, limited, whatever the size, so that an untagged file has the colours that FFmpeg and OpenCV
//! give it. [`to_bgr`] is swscale's conversion with `accurate_rnd+full_chroma_int` in 16-bit integers: chroma samples
//! centred among the luma samples they cover, interpolated with Keys' cubic (a = -0.6), then the matrix, rounded once.
//! HLG and PQ transfer functions are left as they are, as swscale leaves them.

mod convert;
mod resample;

pub use convert::to_bgr;

/// The weights of red and blue in luma.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition, and whatever is left unspecified.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020: ultra-high definition and HDR.
    Bt2020,
    /// FCC 47 CFR 73.682: the first NTSC.
    Fcc,
    /// SMPTE ST 240: analogue high definition.
    Smpte240m,
}

impl Matrix {
    /// `(Kr, Kb)` of ITU-T H.273, table 4.
    #[must_use]
    pub const fn luma_weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Fcc => (0.30, 0.11),
            Self::Smpte240m => (0.212, 0.087),
        }
    }

    /// The name that FFmpeg prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bt601 => "bt601",
            Self::Bt709 => "bt709",
            Self::Bt2020 => "bt2020",
            Self::Fcc => "fcc",
            Self::Smpte240m => "smpte240m",
        }
    }

    /// The matrix of `MatrixCoefficients` (ITU-T H.273), `None` where the code leaves it open.
    ///
    /// # Errors
    /// The name of a colour space that is not a matrix of luma and two colour differences.
    pub const fn from_code(code: u8) -> Result<Option<Self>, &'static str> {
        Ok(Some(match code {
            0 => return Err("RGB samples (identity matrix)"),
            1 => Self::Bt709,
            4 => Self::Fcc,
            5 | 6 => Self::Bt601,
            7 => Self::Smpte240m,
            8 => return Err("YCgCo samples"),
            9 | 10 => Self::Bt2020,
            11 => return Err("SMPTE ST 2085 samples (YDzDx)"),
            12 | 13 => return Err("a matrix derived from the primaries"),
            14 => return Err("ICtCp samples"),
            15 => return Err("IPT-C2 samples"),
            16 | 17 => return Err("YCgCo-R samples"),
            _ => return Ok(None),
        }))
    }
}

/// Which sample values are black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// Luma 16 to 235 and chroma 16 to 240 of 255: video, and whatever is left unspecified.
    #[default]
    Limited,
    /// All values: JPEG and some phones.
    Full,
}

impl Range {
    /// The range that a `full_range` flag names.
    #[must_use]
    pub const fn from_flag(full: bool) -> Self {
        if full { Self::Full } else { Self::Limited }
    }

    /// The name that FFmpeg prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Full => "full",
        }
    }
}

/// How samples become red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColorSpec {
    /// The weights of red and blue in luma.
    pub matrix: Matrix,
    /// Which sample values are black and white.
    pub range: Range,
}

/// What one source (a bitstream, a container) says of colour; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColorDescription {
    /// The matrix, if named.
    pub matrix: Option<Matrix>,
    /// The range, if named.
    pub range: Option<Range>,
}

impl ColorDescription {
    /// What this source says, and where it is silent what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { matrix: self.matrix.or(other.matrix), range: self.range.or(other.range) }
    }

    /// The colour of samples described so, with the defaults where nothing is said.
    #[must_use]
    pub fn spec(self) -> ColorSpec {
        ColorSpec { matrix: self.matrix.unwrap_or_default(), range: self.range.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bitstream_speaks_before_the_container_and_bt601_before_nothing() {
        let stream = ColorDescription { matrix: None, range: Some(Range::Full) };
        let container = ColorDescription { matrix: Some(Matrix::Bt709), range: Some(Range::Limited) };
        assert_eq!(stream.or(container).spec(), ColorSpec { matrix: Matrix::Bt709, range: Range::Full });
        assert_eq!(ColorDescription::default().spec(), ColorSpec { matrix: Matrix::Bt601, range: Range::Limited });
    }

    #[test]
    fn codes_without_a_luma_matrix_are_named() {
        assert_eq!(Matrix::from_code(9), Ok(Some(Matrix::Bt2020)));
        assert_eq!(Matrix::from_code(2), Ok(None));
        assert_eq!(Matrix::from_code(14), Err("ICtCp samples"));
    }
}
