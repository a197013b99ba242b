//! Every number that decides whether something is a finding, with its reason.
//!
//! Lengths are in sizes of the person: the diagonal of the box, or of what the keypoints span where the box is the whole frame, as
//! a median over about three seconds. Times are seconds of presentation time, so that a variable frame rate counts as what it is.
//! Spreads are medians and median absolute deviations (times 1.4826, which makes them standard deviations of a normal
//! distribution): up to half of the values may be wrong without moving them.

use serde::Serialize;

/// A number that decides, for a page to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// What it is of.
    pub of: &'static str,
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: &'static str,
    /// Why it is that number.
    pub reason: &'static str,
}

macro_rules! limits {
    ($($name:ident = $value:literal $unit:literal, $of:literal: $reason:literal;)+) => {
        $(
            #[doc = concat!($of, ", in ", $unit, ": ", $reason)]
            pub(crate) const $name: f64 = $value;
        )+
        /// All limits.
        pub const LIMITS: &[Limit] = &[$(Limit { of: $of, value: $value, unit: $unit, reason: $reason }),+];
    };
}

limits! {
    SURE = 0.3 "score", "a keypoint is sure": "mmpose draws keypoints from here on, and so does swingpose overlay; what is less sure is not held to a path";
    USUALLY = 0.5 "score", "a keypoint is usually sure, by its median": "one that never is sure, such as an elbow behind the body, is told in the table of keypoints alone";
    LOCAL = 1.0 "s", "a block of local spread": "a swing has still and fast seconds: each is held to its own and its two neighbours";
    SAME = 0.2 "likeness", "two boxes and poses are one person": "mean of box IoU and OKS; of people in front of each other it was 0.15 at most, of one person from frame to frame 0.47 at least";
    TOP_SPEED = 6.0 "sizes/s", "how fast a whole person moves": "a sprinter's 12 m/s on a size of 2 m";
    REACH = 0.15 "sizes", "how far arms move the middle of a pose at once": "where there is no box to tell by; arms are half a person long, and the middle goes half as far";
    KEEP = 1.0 "s", "a person out of sight is waited for": "longer, and who comes back may be somebody else";
    UNSURE_RUN = 0.05 "s", "unsure for so long": "one unsure frame between sure ones can be filled in";
    UNSURE_KEYPOINT_RUN = 0.2 "s", "one keypoint unsure for so long": "a hand behind the body is unsure for a moment in every swing";
    UNSURE_DROP = 0.3 "score", "a fall below the person's own median": "typical scores differ between networks; a fall by a third does not come from noise";
    JITTER = 0.03 "sizes", "off the path of the frames around": "5 cm on a grown person, what annotators differ by at a wrist; a cubic through two frames on either side follows a swing at 30 frames/s to 2 cm";
    JITTER_SIGMAS = 8.0 "sigmas", "off the path, against local spread": "noise has heavier tails than a normal distribution: 13 sigmas were seen in good labels, but never together with 0.03 sizes";
    SHAKY = 0.015 "sizes", "off the path in half of the frames of a second": "shaking is no outlier of itself; nearly four times what the worst wrist of good labels has";
    JITTER_STENCIL = 0.25 "s", "five frames within": "below 16 frames/s a limb's path between two frames is anybody's guess";
    LIMB_LONG = 1.6 "upper quartiles", "a limb too long": "foreshortening makes limbs shorter, never longer; the longest in good labels was 1.44";
    LIMB_PERSPECTIVE = 1.2 "of its share", "a limb too long by its share of a body, too": "who holds a hand towards the camera all the time shows no true length; what is nearer is larger";
    LIMB_STEP = 0.1 "sizes", "a limb's length from one frame to the next": "a forearm that turns at 15 rad/s changes by 0.07 at 30 frames/s";
    LIMB_STEP_TIME = 0.05 "s", "frames at most so far apart": "further apart, a limb may have turned altogether";
    LIMB_RUN = 3.0 "frames", "a limb broken for so long": "what is shorter is jitter";
    SWAP_APART = 0.05 "sizes", "left and right at least so far apart": "nearer, changing places is within the noise of both";
    SWAP_LEFT = 0.5 "of the distance", "changed places: crossed moves at most this part of straight ones": "in good labels straight moves are always the shorter ones";
    SWAP_TIME = 0.1 "s", "frames at most so far apart": "a person can turn around in half a second";
    BACK = 2.0 "s", "sides or lengths that change back within": "after longer, which of the two was wrong is not known";
    FROZEN_PX = 0.001 "px", "a keypoint that does not move": "on real footage sub-pixel positions never repeat, not even of somebody standing still";
    FROZEN_RUN = 0.15 "s", "not moving for so long": "a frame shown twice, or three times in film at 60 frames/s, is the video's and not the labels'";
    FROZEN_FRAMES = 4.0 "frames", "not moving for at least": "the same at low frame rates";
    STEP = 1.75 "median steps", "time to the next frame": "phones stretch steps by a half when light is short; a frame left out doubles them";
    STEP_SHORT = 0.25 "median steps", "time to the next frame, at least": "shorter, and two frames are nearly one";
    STEP_SIGMAS = 6.0 "sigmas", "time to the next frame, against local spread": "a variable frame rate has a spread of its own";
    FAIL_SHARE = 0.1 "of frames", "suspicious frames that fail a video": "one frame in ten is more than a smoother can mend";
    FAIL_LOST = 0.05 "of frames", "frames that could not be decoded": "a damaged video";
}

/// [`LIMB_RUN`] and [`FROZEN_FRAMES`] as counts.
pub(crate) const fn frames(limit: f64) -> usize {
    limit as usize
}
