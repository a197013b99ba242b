//! What was measured, as a table for a person to read.

use super::{Measured, Row};
use std::fmt::{self, Display, Formatter};

pub(super) struct Table<'a>(pub(super) &'a Measured);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Measured { device, batch, networks, ceiling: (side, tflops), rows, peer } = self.0;
        let driver = device.driver.as_ref().map(|driver| format!(", driver {driver}")).unwrap_or_default();
        writeln!(f, "{}{driver}, {}, batches of {batch}; {networks}", device.name, device.precision)?;
        writeln!(f, "ceiling: {tflops:.3} TFLOP/s, a product of {side} x {side} matrices")?;
        if let Some(peer) = peer {
            writeln!(f, "peer: {peer}")?;
        }
        writeln!(
            f,
            "\n{:<16} {:>10} {:>10} {:>9} {:>10} {:>10} {:>6}",
            "what", "ms/batch", "per second", "TFLOP/s", "of ceiling", "peer", "times"
        )?;
        rows.iter().try_for_each(|row| line(f, row))
    }
}

fn line(f: &mut Formatter<'_>, row: &Row) -> fmt::Result {
    let number = |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
    let share = row.share.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
    write!(
        f,
        "{:<16} {:>10} {:>10.0} {:>9} {share:>10} {:>10} {:>6}",
        row.what,
        number(row.ms, 3),
        row.fps,
        number(row.tflops, 2),
        number(row.peer, if row.ms.is_some() { 3 } else { 0 }),
        number(row.times_the_peer, 2),
    )?;
    match &row.note {
        Some(note) => writeln!(f, "  {note}"),
        None => writeln!(f),
    }
}
