//! A person through the video: a sample a frame in which it is seen, small, because all of them are held at once.

use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{Origin, PersonLabel};

/// A person in a frame.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The frame's place.
    pub(crate) at: u32,
    /// The person's number within the frame.
    pub(crate) person: u32,
    pub(crate) primary: bool,
    /// Whether the box is no person's but the whole frame.
    pub(crate) whole_frame: bool,
    /// `x1`, `y1`, `x2`, `y2`: the box.
    pub(crate) corners: [f32; 4],
    /// `x`, `y`, `score` of each.
    pub(crate) keypoints: [[f32; 3]; KEYPOINT_COUNT],
}

impl Sample {
    pub(crate) fn new(at: usize, label: &PersonLabel) -> Self {
        Self {
            at: at as u32,
            person: label.person,
            primary: label.primary,
            whole_frame: label.origin == Origin::WholeFrame,
            corners: label.bounding_box.into(),
            keypoints: label.keypoints.map(Into::into),
        }
    }

    pub(crate) const fn place(&self) -> usize {
        self.at as usize
    }

    pub(crate) fn score(&self, keypoint: usize) -> f64 {
        let score = f64::from(self.keypoints[keypoint][2]);
        if score.is_nan() { 0.0 } else { score }
    }

    /// Whether a keypoint is somewhere and its score is high enough to hold it to anything.
    pub(crate) fn is_sure(&self, keypoint: usize) -> bool {
        let [x, y, _] = self.keypoints[keypoint];
        x.is_finite() && y.is_finite() && self.score(keypoint) >= crate::limits::SURE
    }

    /// A keypoint's coordinates.
    pub(crate) fn point(&self, keypoint: usize) -> [f64; 2] {
        let [x, y, _] = self.keypoints[keypoint];
        [f64::from(x), f64::from(y)]
    }

    /// The mean score of the body's keypoints, from the shoulders down.
    pub(crate) fn confidence(&self) -> f64 {
        let body = HEAD..KEYPOINT_COUNT;
        body.clone().map(|keypoint| self.score(keypoint)).sum::<f64>() / body.len() as f64
    }

    /// The box, or what the sure keypoints span where the box is the whole frame or none; NaN where there is neither.
    pub(crate) fn extent(&self) -> [f64; 4] {
        let corners = self.corners.map(f64::from);
        let proper =
            corners.iter().all(|corner| corner.is_finite()) && corners[2] > corners[0] && corners[3] > corners[1];
        if proper && !self.whole_frame {
            return corners;
        }
        let points =
            (0..KEYPOINT_COUNT).filter(|&keypoint| self.is_sure(keypoint)).map(|keypoint| self.point(keypoint));
        points.fold([f64::NAN; 4], |[x1, y1, x2, y2], [x, y]| [x1.min(x), y1.min(y), x2.max(x), y2.max(y)])
    }

    /// The length of the diagonal of [`Sample::extent`].
    pub(crate) fn diagonal(&self) -> f64 {
        let [x1, y1, x2, y2] = self.extent();
        (x2 - x1).hypot(y2 - y1)
    }

    /// The middle of [`Sample::extent`].
    pub(crate) fn centre(&self) -> [f64; 2] {
        let [x1, y1, x2, y2] = self.extent();
        [(x1 + x2) / 2.0, (y1 + y2) / 2.0]
    }
}

/// The keypoints of the head, which come first.
const HEAD: usize = 5;

/// The distance of two points.
pub(crate) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A person, followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    /// Its number: the file's own where there is one.
    pub(crate) number: u32,
    /// In the order of the frames.
    pub(crate) samples: Vec<Sample>,
}

impl Track {
    /// Frames in which this is the person the video is about.
    pub(crate) fn primary_frames(&self) -> usize {
        self.samples.iter().filter(|sample| sample.primary).count()
    }
}
