//! The roll call of a chunk: every picture that is fed must come, in display order, under the time it was fed with.
//!
//! Nothing here trusts a driver. One that drops a picture, gives one twice, or puts another picture's time on it, is found
//! out at the first picture that is not the next one expected; what comes from there on is not taken. That goes for the
//! pictures too that others are predicted from and that are not the chunk's own.

use thiserror::Error;

use crate::chunk::Chunk;
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
    /// It is as it must be, and not one of the chunk's, or one that has been taken before.
    Pass,
    /// It must not be there.
    Stop,
}

/// Which pictures of a chunk have come.
#[derive(Debug)]
pub(crate) struct Roll {
    /// The times of the pictures that must come, in display order, and whether they are taken.
    line: Vec<(i64, bool)>,
    /// The place of the next one.
    next: usize,
    /// The place after the last one that was taken.
    taken: usize,
    pub(crate) deviation: Option<Deviation>,
}

impl Roll {
    pub(crate) fn new(chunk: &Chunk) -> Self {
        let own = chunk.times.iter().map(|&time| (time, true));
        let mut own: Vec<_> = own.chain(chunk.hidden.iter().map(|&time| (time, false))).collect();
        own.sort_by_key(|&(time, _)| time);
        // Nothing is predicted for this chunk from pictures shown after it: they need not come.
        own.truncate(own.iter().rposition(|&(_, taken)| taken).map_or(0, |last| last + 1));
        let mut line: Vec<_> = chunk.before.iter().map(|&time| (time, false)).collect();
        let begins = line.len();
        line.append(&mut own);
        Self { line, next: begins, taken: begins, deviation: None }
    }

    /// Begins the attempt that is fed from the chunk before on; what was taken is not taken again.
    pub(crate) const fn begin_again(&mut self) {
        self.next = 0;
        self.deviation = None;
    }

    /// A picture comes under the time `pts`.
    pub(crate) fn call(&mut self, pts: i64, status: Status) -> Answer {
        let Some(&(expected, is_taken)) = self.line.get(self.next) else { return Answer::Pass };
        if pts != expected {
            self.deviation = Some(Deviation::Unexpected { pts, expected });
            return Answer::Stop;
        }
        if status != Status::Decoded {
            self.deviation = Some(Deviation::Damaged { pts });
            return Answer::Stop;
        }
        self.next += 1;
        if !is_taken || self.next <= self.taken {
            return Answer::Pass;
        }
        self.taken = self.next;
        Answer::Take
    }

    /// The stream is at its end.
    pub(crate) fn end(&mut self) {
        if let (Some(&(expected, _)), None) = (self.line.get(self.next), self.deviation) {
            self.deviation = Some(Deviation::Ended { expected });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(before: &[i64], times: &[i64], hidden: &[i64]) -> Roll {
        let (before, times, hidden) = (before.to_vec(), times.to_vec(), hidden.to_vec());
        Roll::new(&Chunk { before, times, hidden, ..Chunk::default() })
    }

    fn answers(roll: &mut Roll, times: &[i64]) -> Vec<Answer> {
        times.iter().map(|&pts| roll.call(pts, Status::Decoded)).collect()
    }

    #[test]
    fn pictures_of_the_next_chunk_are_passed() {
        let mut roll = roll(&[], &[3, 4], &[]);
        assert_eq!(answers(&mut roll, &[3, 4, 5]), [Answer::Take, Answer::Take, Answer::Pass]);
        roll.end();
        assert_eq!(roll.deviation, None);
    }

    #[test]
    fn a_time_that_is_not_the_next_one_stops() {
        for (times, pts) in [(&[2_i64][..], 2), (&[3, 5], 5), (&[3, 3], 3)] {
            let mut roll = roll(&[], &[3, 4, 5], &[]);
            assert_eq!(answers(&mut roll, times).last(), Some(&Answer::Stop), "{times:?}");
            let expected = if times.len() == 1 { 3 } else { 4 };
            assert_eq!(roll.deviation, Some(Deviation::Unexpected { pts, expected }));
        }
    }

    #[test]
    fn hidden_pictures_must_come_and_are_passed_but_for_those_after_the_last() {
        let mut whole = roll(&[], &[3, 5], &[1, 4, 6]);
        assert_eq!(answers(&mut whole, &[1, 3, 4, 5]), [Answer::Pass, Answer::Take, Answer::Pass, Answer::Take]);
        whole.end();
        assert_eq!(whole.deviation, None);
        let mut without = roll(&[], &[3, 5], &[1, 4]);
        assert_eq!(answers(&mut without, &[1, 3, 5]), [Answer::Pass, Answer::Take, Answer::Stop]);
    }

    #[test]
    fn damage_stops_in_both_attempts() {
        let mut roll = roll(&[1], &[3], &[]);
        assert_eq!(roll.call(3, Status::Suspect), Answer::Stop);
        roll.begin_again();
        assert_eq!(roll.call(1, Status::Damaged), Answer::Stop);
        assert_eq!(roll.deviation, Some(Deviation::Damaged { pts: 1 }));
    }

    #[test]
    fn the_second_attempt_is_held_to_the_chunk_before_too_and_takes_what_is_left() {
        let mut roll = roll(&[1, 2], &[3, 4, 5], &[]);
        assert_eq!(answers(&mut roll, &[3, 5]), [Answer::Take, Answer::Stop]);
        roll.begin_again();
        let again = answers(&mut roll, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(again, [Answer::Pass, Answer::Pass, Answer::Pass, Answer::Take, Answer::Take, Answer::Pass]);
        roll.end();
        assert_eq!(roll.deviation, None);
        roll.begin_again();
        assert_eq!(answers(&mut roll, &[2]), [Answer::Stop]);
        assert_eq!(roll.deviation, Some(Deviation::Unexpected { pts: 2, expected: 1 }));
    }

    #[test]
    fn an_end_before_the_last_picture_is_told() {
        let mut roll = roll(&[], &[3, 4], &[]);
        answers(&mut roll, &[3]);
        roll.end();
        assert_eq!(roll.deviation, Some(Deviation::Ended { expected: 4 }));
    }
}
