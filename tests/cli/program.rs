//! Runs command lines in process, and lends out weights converted from the nano checkpoints.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use swingpose_cli::{Exit, Io, run};
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;
use swingpose_labels::{Ending, LabelSink, LabelWriter, read};
use tempfile::TempDir;

/// What a run said and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `swingpose` with these arguments, as a process without a terminal would.
pub(crate) fn swingpose<I: Into<OsString>>(arguments: impl IntoIterator<Item = I>) -> Outcome {
    swingpose_interrupted(arguments, false)
}

/// The same, with Ctrl-C pressed before it starts or not.
pub(crate) fn swingpose_interrupted<I: Into<OsString>>(
    arguments: impl IntoIterator<Item = I>,
    interrupted: bool,
) -> Outcome {
    let line = std::iter::once("swingpose".into()).chain(arguments.into_iter().map(Into::into));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let interrupted = AtomicBool::new(interrupted);
    let io = &mut Io { out: &mut out, err: &mut err, err_is_terminal: false, interrupted: &interrupted };
    let exit = run(line, io);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { exit, out: text(out), err: text(err) }
}

/// A file of `tests/media`.
pub(crate) fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("media").join(name)
}

/// The converted nano networks.
pub(crate) struct Weights {
    folder: TempDir,
}

impl Weights {
    /// The folder that holds them.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The detector's file.
    pub(crate) fn detector(&self) -> PathBuf {
        self.folder().join("rtmdet.safetensors")
    }

    /// The pose network's file.
    pub(crate) fn pose(&self) -> PathBuf {
        self.folder().join("vitpose.safetensors")
    }
}

/// The nano networks, converted once a test run by the command itself.
pub(crate) static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    let weights = Weights { folder: tempfile::tempdir().unwrap() };
    let checkpoints = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints");
    for (checkpoint, out) in [("rtmdet_nano1.pth", weights.detector()), ("vitpose_nano.pth", weights.pose())] {
        let checkpoint = checkpoints.join(checkpoint);
        let outcome = swingpose([
            "weights".as_ref(),
            "convert".as_ref(),
            checkpoint.as_os_str(),
            "--out".as_ref(),
            out.as_os_str(),
        ]);
        assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    }
    weights
});

/// The arguments of `label` with the nano networks, writing into `out`.
pub(crate) fn label_into(out: &Path, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["label".into(), "--out".into(), out.into()];
    line.extend(["--pose".into(), WEIGHTS.pose().into()]);
    line.extend(arguments.iter().map(|argument| argument.as_ref().to_owned()));
    line
}

/// The same with the nano detector.
pub(crate) fn detect_into(out: &Path, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Vec<OsString> {
    let mut line = label_into(out, arguments);
    line.extend(["--detector".into(), WEIGHTS.detector().into()]);
    line
}

/// A label file, whole.
pub(crate) fn labels(path: &Path) -> (Provenance, Vec<FrameLabels>) {
    let labels = read(path).unwrap();
    (labels.provenance, labels.frames.map(Result::unwrap).collect())
}

/// The label file that the format is held to: frames 0, 1, 2 and 7 with one person, nobody, two people, nobody.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/labels/golden.poses.parquet")
}

/// Writes a label file.
pub(crate) fn write_labels(path: &Path, made: &Provenance, frames: &[FrameLabels]) {
    let mut writer = LabelWriter::create(path, made).unwrap();
    frames.iter().for_each(|frame| writer.write(frame).unwrap());
    writer.finish(Ending::default()).unwrap();
}
