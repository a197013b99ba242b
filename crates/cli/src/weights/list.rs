//! `swingpose weights list`: what is published, what is here.

use super::{manifest, weights_and_demo_files};
use crate::networks::DEMO;
use crate::{Exit, Io};
use std::collections::BTreeMap;
use std::path::Path;
use swingpose_models::checkpoint::{CheckpointError, WeightsFile};

pub(super) fn run(folder: &Path, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let named = |path: &Path| path.strip_prefix(folder).unwrap_or(path).with_extension("").display().to_string();
    let mut here: BTreeMap<_, _> =
        weights_and_demo_files(folder).iter().map(|path| (named(path), WeightsFile::open(path))).collect();
    io.print(format_args!("{:<17} {:>4}  {:<10}  {:<9}  about", "name", "AP", "licence", "here"))?;
    for weights in manifest::published()? {
        let ap = weights.ap.map_or_else(|| "-".to_owned(), |ap| format!("{ap:.1}"));
        let state = here.remove(&weights.name).map_or("-", |file| state(&file, &weights));
        let (name, licence, about) = (&weights.name, &weights.licence, &weights.about);
        io.print(format_args!("{name:<17} {ap:>4}  {licence:<10}  {state:<9}  {about}"))?;
        io.print(format_args!("{:<17} {}", "", weights.url))?;
    }
    for (name, file) in here {
        let (state, about) = match file {
            Err(refusal) => ("damaged", format!("{:#}", anyhow::Error::from(refusal))),
            Ok(file) if name.starts_with(DEMO) => {
                ("demo", format!("demo: not for real labels ({})", file.architecture()))
            }
            Ok(file) => ("own", format!("{} from {}", file.architecture(), file.source_name())),
        };
        io.print(format_args!("{name:<17} {:>4}  {:<10}  {state:<9}  {about}", "-", "-"))?;
    }
    io.print("AP: COCO val2017 as published; boxes for RTMDet, keypoints with the flip test for ViTPose")?;
    io.say(format_args!("weights here: {}", folder.display()));
    Ok(Exit::Done)
}

/// What the file of a published name is: the published weights, other ones, or not readable.
fn state(file: &Result<WeightsFile, CheckpointError>, published: &manifest::Published) -> &'static str {
    match file {
        Ok(file) if file.source_sha256().starts_with(&published.sha256) => "yes",
        Ok(_) => "other",
        Err(_) => "damaged",
    }
}
