//! Numbers and stretches of frames as a person reads them.

use crate::finding::Finding;

/// Seconds, or minutes and seconds.
pub(super) fn time(seconds: f64) -> String {
    if seconds.abs() < 60.0 {
        return format!("{seconds:.3} s");
    }
    let minutes = (seconds / 60.0).floor();
    format!("{minutes}:{:06.3} min", seconds - 60.0 * minutes)
}

/// `7`, or `7–12`.
pub(super) fn span([first, last]: [u64; 2]) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// Bytes in the unit that leaves few digits.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Keypoints' names in words; many are counted.
pub(super) fn keypoints(names: &[&str]) -> String {
    if names.len() > 4 {
        return format!("{} keypoints", names.len());
    }
    names.join(", ").replace('_', " ")
}

/// A finding in a line, for a tooltip.
pub(super) fn finding(finding: &Finding) -> String {
    let about = [finding.track.map(|track| format!("track {track}")), Some(keypoints(&finding.keypoints))];
    let about: Vec<String> = about.into_iter().flatten().filter(|about| !about.is_empty()).collect();
    let whose = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    let frames = if finding.frames[0] == finding.frames[1] { "frame" } else { "frames" };
    format!("{}, {frames} {}{whose}: {}", finding.kind.title(), span(finding.frames), finding.note)
}

/// `count` of a thing.
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_said() {
        assert_eq!([time(1.5), time(61.25), time(-0.5)], ["1.500 s", "1:01.250 min", "-0.500 s"]);
    }

    #[test]
    fn many_keypoints_are_counted_and_few_named() {
        assert_eq!(keypoints(&["left_wrist", "nose"]), "left wrist, nose");
        assert_eq!(keypoints(&["nose"; 17]), "17 keypoints");
    }

    #[test]
    fn bytes_come_in_the_unit_that_fits() {
        assert_eq!([bytes(900), bytes(1_234_567), bytes(u64::MAX)], ["0.9 kB", "1.2 MB", "18446744.1 TB"]);
    }
}
