//! What the 17 keypoints are: COCO's names, order, left-right pairs and limbs.
//!
//! From the COCO keypoint annotations (Lin et al., "Microsoft COCO", 2014; `person_keypoints` categories) in 0-based
//! indices; the flip pairs are mmpose's `flip_indices` for the dataset.

/// How many keypoints a person has.
pub const KEYPOINT_COUNT: usize = 17;

/// The keypoints' names, in the order of the heatmaps' channels.
pub const KEYPOINT_NAMES: [&str; KEYPOINT_COUNT] = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
];

/// The keypoint that each becomes when the picture is mirrored.
pub const FLIP_INDICES: [usize; KEYPOINT_COUNT] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];

/// How far annotators of COCO stray from each other at each keypoint, relative to the square root of the person's area:
/// the constants of object keypoint similarity (OKS), `kpt_oks_sigmas` of pycocotools' `cocoeval.py`.
pub const OKS_SIGMAS: [f64; KEYPOINT_COUNT] = [
    0.26 / 10.0,
    0.25 / 10.0,
    0.25 / 10.0,
    0.35 / 10.0,
    0.35 / 10.0,
    0.79 / 10.0,
    0.79 / 10.0,
    0.72 / 10.0,
    0.72 / 10.0,
    0.62 / 10.0,
    0.62 / 10.0,
    1.07 / 10.0,
    1.07 / 10.0,
    0.87 / 10.0,
    0.87 / 10.0,
    0.89 / 10.0,
    0.89 / 10.0,
];

/// The limbs, as pairs of keypoints.
pub const LIMBS: [[usize; 2]; 19] = [
    [15, 13],
    [13, 11],
    [16, 14],
    [14, 12],
    [11, 12],
    [5, 11],
    [6, 12],
    [5, 6],
    [5, 7],
    [6, 8],
    [7, 9],
    [8, 10],
    [1, 2],
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 4],
    [3, 5],
    [4, 6],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_twice_is_the_identity_and_swaps_left_and_right() {
        for (index, &mirrored) in FLIP_INDICES.iter().enumerate() {
            assert_eq!(FLIP_INDICES[mirrored], index);
            let swapped = match KEYPOINT_NAMES[index].split_once('_') {
                Some(("left", part)) => format!("right_{part}"),
                Some(("right", part)) => format!("left_{part}"),
                _ => KEYPOINT_NAMES[index].to_owned(),
            };
            assert_eq!(KEYPOINT_NAMES[mirrored], swapped);
            assert_eq!(OKS_SIGMAS[mirrored], OKS_SIGMAS[index]);
        }
    }
}
