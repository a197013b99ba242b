//! Which pictures can be trusted: damage seen in one taints those that may have been predicted from it.
//!
//! The driver tells the status of a picture by itself. One that was predicted from a damaged picture decodes without error
//! and is wrong all the same. So pictures are numbered by the key packet that they follow, their group, and damage taints
//! what follows in its group, and the leading pictures of the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::c_int;

use nvdec_sys::cuviddec::decode_status;

use crate::surface::Status;

/// The pictures of one stream, between submission and display.
#[derive(Debug, Default)]
pub(crate) struct Health {
    group: u64,
    /// The time of the packet that began the group.
    group_begins: i64,
    /// The group of the picture that each decode surface holds.
    group_of: BTreeMap<c_int, u64>,
    /// Decode surfaces whose pictures the driver refused.
    refused: BTreeSet<c_int>,
    /// Pictures whose status has not been asked for, in decode order.
    unchecked: VecDeque<c_int>,
    tainted: Option<u64>,
}

impl Health {
    /// A packet is about to be parsed.
    pub(crate) const fn packet(&mut self, key: bool, pts: i64) {
        if key {
            self.group += 1;
            self.group_begins = pts;
        }
    }

    /// A picture went to decode surface `index`.
    pub(crate) fn submitted(&mut self, index: c_int, accepted: bool) {
        self.group_of.insert(index, self.group);
        if accepted {
            self.refused.remove(&index);
            self.unchecked.push_back(index);
        } else {
            self.refused.insert(index);
            self.lost();
        }
    }

    /// Something of the present group will not be decoded.
    pub(crate) const fn lost(&mut self) {
        self.tainted = Some(self.group);
    }

    pub(crate) fn is_refused(&self, index: c_int) -> bool {
        self.refused.contains(&index)
    }

    /// Judges the picture of decode surface `index`, which is complete: so are all that were submitted before it.
    pub(crate) fn judge(&mut self, index: c_int, pts: i64, status: impl Fn(c_int) -> Option<u32>) -> Status {
        let is_damaged = |index| matches!(status(index), Some(decode_status::ERROR | decode_status::ERROR_CONCEALED));
        if let Some(position) = self.unchecked.iter().position(|&unchecked| unchecked == index) {
            for earlier in self.unchecked.drain(..=position) {
                if is_damaged(earlier) {
                    self.tainted = self.group_of.get(&earlier).copied();
                }
            }
        }
        let group = self.group_of.get(&index).copied().unwrap_or(self.group);
        let is_leading = group == self.group && pts < self.group_begins;
        if is_damaged(index) {
            Status::Damaged
        } else if self.tainted.is_some_and(|tainted| tainted == group || is_leading && tainted + 1 == group) {
            Status::Suspect
        } else {
            Status::Decoded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Option<u32> = Some(decode_status::SUCCESS);
    const BAD: Option<u32> = Some(decode_status::ERROR);

    fn submit(health: &mut Health, key: bool, pts: i64, index: c_int) {
        health.packet(key, pts);
        health.submitted(index, true);
    }

    #[test]
    fn damage_taints_the_group_and_the_leading_pictures_of_the_next() {
        let mut health = Health::default();
        submit(&mut health, true, 0, 0);
        assert_eq!(health.judge(0, 0, |_| GOOD), Status::Decoded);
        // A picture shown before the damaged one it was predicted from.
        submit(&mut health, false, 2, 1);
        submit(&mut health, false, 1, 2);
        let first_bad = |index| if index == 1 { BAD } else { GOOD };
        assert_eq!(health.judge(2, 1, first_bad), Status::Suspect);
        assert_eq!(health.judge(1, 2, first_bad), Status::Damaged);
        submit(&mut health, true, 4, 3);
        submit(&mut health, false, 3, 4);
        submit(&mut health, false, 5, 5);
        assert_eq!(health.judge(4, 3, |_| GOOD), Status::Suspect);
        assert_eq!(health.judge(3, 4, |_| GOOD), Status::Decoded);
        assert_eq!(health.judge(5, 5, |_| GOOD), Status::Decoded);
    }

    #[test]
    fn codecs_without_a_status_are_taken_as_they_are() {
        let mut health = Health::default();
        submit(&mut health, true, 0, 0);
        assert_eq!(health.judge(0, 0, |_| None), Status::Decoded);
        health.lost();
        submit(&mut health, false, 1, 1);
        assert_eq!(health.judge(1, 1, |_| None), Status::Suspect);
    }

    #[test]
    fn a_refused_picture_has_no_surface_until_the_next_one_in_its_place() {
        let mut health = Health::default();
        health.packet(true, 0);
        health.submitted(0, false);
        assert!(health.is_refused(0));
        health.submitted(0, true);
        assert!(!health.is_refused(0));
    }
}
