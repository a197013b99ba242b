//! Whose keypoints follow whose: people of one identity, in the order of frames.

use crate::error::SmoothError;
use std::collections::BTreeMap;
use swingpose_core::{FrameLabels, PersonLabel};

/// By what a person is known in the next frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// The track, if everybody has one; else there may be no more than one person a frame.
    #[default]
    Auto,
    /// The primary person alone; everybody else stays raw.
    Primary,
    /// The person's number in the frame, which follows the box's score and can change hands.
    Person,
}

/// A person's place: which frame of the slice, and which person in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) frame: usize,
    pub(crate) person: usize,
}

/// The places of each identity.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identities {
    pub(crate) places: Vec<Vec<Place>>,
    /// Whether a tracker vouches for them; otherwise a person who has jumped away is somebody else.
    pub(crate) are_tracked: bool,
}

impl Identities {
    /// Finds the identities of `frames`.
    ///
    /// # Errors
    /// [`SmoothError::NoIdentity`], [`SmoothError::Twice`].
    pub(crate) fn find(frames: &[FrameLabels], identity: Identity) -> Result<Self, SmoothError> {
        match identity {
            Identity::Primary => Self::by(frames, false, |person| person.primary.then_some(0)),
            Identity::Person => Self::by(frames, false, |person| Some(person.person)),
            Identity::Auto if frames.iter().flat_map(|frame| &frame.people).all(|person| person.track.is_some()) => {
                Self::by(frames, true, |person| person.track)
            }
            Identity::Auto => match frames.iter().find(|frame| frame.people.len() > 1) {
                Some(frame) => Err(SmoothError::NoIdentity { frame: frame.frame.0, people: frame.people.len() }),
                None => Self::by(frames, false, |_| Some(0)),
            },
        }
    }

    fn by(
        frames: &[FrameLabels],
        are_tracked: bool,
        key: impl Fn(&PersonLabel) -> Option<u32>,
    ) -> Result<Self, SmoothError> {
        let mut identities: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
        for (number, frame) in frames.iter().enumerate() {
            for (person, label) in frame.people.iter().enumerate() {
                let Some(key) = key(label) else { continue };
                let places = identities.entry(key).or_default();
                if places.last().is_some_and(|last| last.frame == number) {
                    return Err(SmoothError::Twice { frame: frame.frame.0 });
                }
                places.push(Place { frame: number, person });
            }
        }
        Ok(Self { places: identities.into_values().collect(), are_tracked })
    }
}
