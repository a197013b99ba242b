//! `swingpose label`: labels the inputs one after another with the networks loaded once, and sums up.

use crate::args::LabelArgs;
use crate::exit::Exit;
use crate::io::Io;
use crate::overlay;
use crate::progress::Progress;
use crate::settings::{Job, LabelSettings};
use crate::summary::{Done, Run};
use anyhow::Context;
use swingpose::{Existing, PipelineError};

/// Labels what `args` ask for.
///
/// # Errors
/// Whatever keeps the run from starting; what keeps one input from being labeled is told and counted instead.
pub(crate) fn run(args: &LabelArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let settings = LabelSettings::new(args)?;
    if settings.demo {
        io.say(
            "warning: these are the small demonstration networks, good for a try and not for real labels; see \
             `swingpose weights --help` for real ones",
        );
    }
    let labeler = settings.labeler.build()?;
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Keep };
    let mut run = Run::start();
    for Job { input, output } in &settings.jobs {
        let labeled = labeler.label_file(input, output, existing, &mut Progress::new(io));
        let interrupted = matches!(labeled, Err(PipelineError::Interrupted));
        let drawn = match &labeled {
            Ok(summary) if args.overlay => Some(overlay::after_labeling(&summary.output, input)),
            _ => None,
        };
        run.tell_and_keep(Done { input: input.clone(), labeled, drawn }, io);
        if interrupted {
            break;
        }
    }
    run.tell(settings.jobs.len(), io);
    if args.json {
        io.print(run.json()).context("cannot write the summary")?;
    }
    Ok(run.exit())
}
