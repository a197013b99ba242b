//! The roll call of a chunk: every picture must come, in display order, under the time it was fed with.
//!
//! Nothing here trusts a driver. One that drops a picture, gives one twice, or puts another picture's time on it, is found
//! out at the first picture that is not the next one expected.

use thiserror::Error;

use crate::surface::Status;

/// The first thing that was not as it must be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deviation {
    /// A picture came that does not belong here.
    #[error("a picture of time {pts} came where {expected} was expected")]
    Unexpected {
        /// The time it came under.
        pts: i64,
        /// The time of the next picture.
        expected: i64,
    },
    /// The stream ended before its last pictures.
    #[error("the stream ended before the picture of time {expected}")]
    Ended {
        /// The time of the next picture.
        expected: i64,
    },
    /// A picture is not what was coded.
    #[error("the picture of time {pts} is damaged, or was decoded after damage")]
    Damaged {
        /// Its time.
        pts: i64,
    },
}

/// What to do with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is the next one.
    Take,
    /// It belongs to another chunk, or has been taken before.
    Pass,
    /// It must not be there.
    Stop,
}

/// Which pictures of a chunk have come.
#[derive(Debug)]
pub(crate) struct Roll<'t> {
    /// The times, in display order.
    times: &'t [i64],
    /// The times of pictures that come and are passed by.
    hidden: &'t [i64],
    /// How many of them have been answered for: taken, or given up.
    next: usize,
    /// The last attempt takes what it can get.
    lenient: bool,
    pub(crate) missing: Vec<i64>,
    pub(crate) deviation: Option<Deviation>,
}

impl<'t> Roll<'t> {
    pub(crate) const fn new(times: &'t [i64], hidden: &'t [i64]) -> Self {
        Self { times, hidden, next: 0, lenient: false, missing: Vec::new(), deviation: None }
    }

    /// Begins an attempt; those taken before it are not taken again.
    pub(crate) const fn begin(&mut self, lenient: bool) {
        self.lenient = lenient;
        self.deviation = None;
    }

    /// A picture comes under the time `pts`.
    pub(crate) fn call(&mut self, pts: i64, status: Status) -> Answer {
        let Some(&expected) = self.times.get(self.next) else { return Answer::Pass };
        if pts != expected && self.hidden.contains(&pts) {
            return Answer::Pass;
        }
        if self.lenient {
            self.give_up_before(pts);
            if self.times.get(self.next) != Some(&pts) {
                return Answer::Pass;
            }
        } else if pts != expected {
            self.deviation = Some(Deviation::Unexpected { pts, expected });
            return Answer::Stop;
        } else if status != Status::Decoded {
            self.deviation = Some(Deviation::Damaged { pts });
            return Answer::Stop;
        }
        self.next += 1;
        Answer::Take
    }

    /// The stream is at its end.
    pub(crate) fn end(&mut self) {
        let Some(&expected) = self.times.get(self.next) else { return };
        if self.lenient {
            self.missing.extend(&self.times[self.next..]);
            self.next = self.times.len();
        } else if self.deviation.is_none() {
            self.deviation = Some(Deviation::Ended { expected });
        }
    }

    fn give_up_before(&mut self, pts: i64) {
        while let Some(&expected) = self.times.get(self.next).filter(|&&expected| expected < pts) {
            self.missing.push(expected);
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(roll: &mut Roll<'_>, times: &[i64]) -> Vec<Answer> {
        times.iter().map(|&pts| roll.call(pts, Status::Decoded)).collect()
    }

    #[test]
    fn pictures_of_the_next_chunk_are_passed() {
        let mut roll = Roll::new(&[3, 4], &[]);
        assert_eq!(answers(&mut roll, &[3, 4, 5]), [Answer::Take, Answer::Take, Answer::Pass]);
        roll.end();
        assert!(roll.next == roll.times.len() && roll.deviation.is_none());
    }

    #[test]
    fn a_time_that_is_not_the_next_one_stops() {
        for (times, pts) in [(&[2_i64][..], 2), (&[3, 5], 5), (&[3, 3], 3)] {
            let mut roll = Roll::new(&[3, 4, 5], &[]);
            assert_eq!(answers(&mut roll, times).last(), Some(&Answer::Stop), "{times:?}");
            let expected = if times.len() == 1 { 3 } else { 4 };
            assert_eq!(roll.deviation, Some(Deviation::Unexpected { pts, expected }));
        }
    }

    #[test]
    fn hidden_pictures_are_passed_wherever_they_come() {
        let mut roll = Roll::new(&[3, 5], &[1, 4]);
        let answers = answers(&mut roll, &[1, 3, 4, 5]);
        assert_eq!(answers, [Answer::Pass, Answer::Take, Answer::Pass, Answer::Take]);
    }

    #[test]
    fn damage_stops_and_is_taken_in_the_end() {
        let mut roll = Roll::new(&[3], &[]);
        assert_eq!(roll.call(3, Status::Suspect), Answer::Stop);
        roll.begin(true);
        assert_eq!(roll.call(3, Status::Suspect), Answer::Take);
    }

    #[test]
    fn the_second_attempt_takes_what_the_first_did_not() {
        let mut roll = Roll::new(&[3, 4, 5], &[]);
        answers(&mut roll, &[3, 5]);
        roll.begin(true);
        let again = answers(&mut roll, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(again, [Answer::Pass, Answer::Pass, Answer::Pass, Answer::Take, Answer::Take, Answer::Pass]);
        assert!(roll.next == roll.times.len() && roll.missing.is_empty());
    }

    #[test]
    fn what_never_comes_is_named() {
        let mut roll = Roll::new(&[3, 4, 5, 6], &[]);
        roll.end();
        assert_eq!(roll.deviation, Some(Deviation::Ended { expected: 3 }));
        roll.begin(true);
        assert_eq!(answers(&mut roll, &[3, 5]), [Answer::Take, Answer::Take]);
        roll.end();
        assert_eq!(roll.missing, [4, 6]);
        assert!(roll.next == roll.times.len());
    }
}
