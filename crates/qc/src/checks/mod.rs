//! One file a kind of finding. Each is a function from the scene, or from one person of it, to marks.

mod clock;
mod confidence;
mod frozen;
mod jitter;
mod limbs;
mod missing;
mod nowhere;
mod swap;
mod switch;

use crate::finding::{Mark, join};
use crate::scene::{Followed, Scene};

/// Checks of one person.
const OF_A_PERSON: [fn(&Followed) -> Vec<Mark>; 7] =
    [missing::gaps, confidence::check, jitter::check, limbs::check, swap::check, switch::jumps, frozen::check];

/// Checks of all frames and people together.
const OF_THE_SCENE: [fn(&Scene) -> Vec<Mark>; 4] = [missing::nobody, switch::primaries, clock::check, nowhere::check];

/// Everything suspicious, by place.
pub(crate) fn all(scene: &Scene) -> Vec<Mark> {
    let of_people = scene.people.iter().enumerate().flat_map(|(index, person)| {
        OF_A_PERSON.iter().flat_map(move |check| check(person).into_iter().map(move |mark| mark.of(index)))
    });
    let of_scene = OF_THE_SCENE.iter().flat_map(|check| check(scene));
    let marks: Vec<Mark> = of_people.chain(of_scene).collect();
    join(missing::without_nobody(marks))
}
