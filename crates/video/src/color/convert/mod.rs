//! Planes to upright BGR, row by row, in 16-bit integers that compilers turn into vector code.
//!
//! A sample becomes an `i16` in 1/128 of an 8-bit level, whatever its depth (`level`). Chroma rows are stretched to full
//! width once each (`stretch`) and kept while they are in use (`rows`); every output row mixes up to four of them and applies
//! the matrix (`mix`); here rows become a picture that stands upright. The result
//! stays within one level of the same formula in `f64` (the tests hold it to that).

mod level;
mod mix;
mod rows;
mod stretch;
#[cfg(test)]
mod tests;

use crate::frame::{BgrImage, Picture, Plane, Planes};
use crate::info::Rotation;
use level::Sample;
use rows::Rows;

/// Rows converted before they are turned: small enough to stay in the second-level cache.
const BAND: usize = 16;

/// The upright 8-bit BGR image of a picture.
#[must_use]
pub fn to_bgr(picture: &Picture, rotation: Rotation) -> BgrImage {
    let (width, height) = (picture.width(), picture.height());
    let (turned_width, turned_height) = rotation.turned((width, height));
    let mut data = vec![0; width * height * 3];
    match (picture.planes(), rotation) {
        (Planes::Bgr(bgr), Rotation::None) => data.copy_from_slice(bgr),
        (Planes::Bgr(bgr), _) => {
            let bands = bgr.chunks(BAND * width * 3).enumerate();
            bands.for_each(|(i, band)| turn_band(band, i * BAND, (width, height), rotation, &mut data));
        }
        (Planes::U8(planes), _) => convert(picture, planes, rotation, &mut data),
        (Planes::U16(planes), _) => convert(picture, planes, rotation, &mut data),
    }
    BgrImage { width: turned_width, height: turned_height, data }
}

fn convert<T: Sample>(picture: &Picture, planes: &[Plane<T>; 3], rotation: Rotation, out: &mut [u8]) {
    let (width, height) = (picture.width(), picture.height());
    let mut rows = Rows::new(picture, planes);
    if rotation == Rotation::None {
        out.chunks_exact_mut(width * 3).enumerate().for_each(|(y, row)| rows.convert(y, row));
        return;
    }
    let mut band = vec![0; BAND.min(height) * width * 3];
    for top in (0..height).step_by(BAND) {
        let band = &mut band[..BAND.min(height - top) * width * 3];
        band.chunks_exact_mut(width * 3).enumerate().for_each(|(i, row)| rows.convert(top + i, row));
        turn_band(band, top, (width, height), rotation, out);
    }
}

/// Writes the rows `top..` of a `width` x `height` image to where `rotation` turns them.
fn turn_band(band: &[u8], top: usize, (width, height): (usize, usize), rotation: Rotation, out: &mut [u8]) {
    let (band, _) = band.as_chunks::<3>();
    let (out, _) = out.as_chunks_mut::<3>();
    let rows = band.len() / width;
    match rotation {
        Rotation::None => out[top * width..][..band.len()].copy_from_slice(band),
        Rotation::Cw180 => {
            let end = (height - top) * width;
            out[end - band.len()..end].iter_mut().zip(band.iter().rev()).for_each(|(out, pixel)| *out = *pixel);
        }
        Rotation::Cw90 => {
            let upward: Vec<_> = band.chunks_exact(width).rev().collect();
            turn_columns(&upward, out.chunks_exact_mut(height).map(|row| &mut row[height - top - rows..][..rows]));
        }
        Rotation::Cw270 => {
            let downward: Vec<_> = band.chunks_exact(width).collect();
            let columns = out.chunks_exact_mut(height).rev().map(|row| &mut row[top..][..rows]);
            turn_columns(&downward, columns);
        }
    }
}

/// Writes column after column of `rows` into the runs that `columns` yields.
fn turn_columns<'a>(rows: &[&[[u8; 3]]], columns: impl Iterator<Item = &'a mut [[u8; 3]]>) {
    let Ok(rows): Result<&[&[[u8; 3]]; BAND], _> = rows.try_into() else {
        columns.enumerate().for_each(|(x, run)| run.iter_mut().zip(rows).for_each(|(out, row)| *out = row[x]));
        return;
    };
    // A full band in squares, whose size the compiler knows.
    let mut columns = columns.enumerate();
    for square in 0..rows[0].len() / BAND {
        let square = rows.map(|row| &row.as_chunks::<BAND>().0[square]);
        for (i, (_, run)) in columns.by_ref().take(BAND).enumerate() {
            run.iter_mut().zip(&square).for_each(|(out, row)| *out = row[i]);
        }
    }
    columns.for_each(|(x, run)| run.iter_mut().zip(rows).for_each(|(out, row)| *out = row[x]));
}
