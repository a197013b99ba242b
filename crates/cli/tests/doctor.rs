//! `swingpose doctor` as a process, on machines made up of stand-ins for NVIDIA's libraries.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]
#![allow(clippy::print_stdout, reason = "what is not tested is said")]

#[path = "../../doctor/tests/stand_ins/mod.rs"]
mod stand_ins;

use stand_ins::Machine;
use std::os::unix::fs::symlink;
use std::process::Command;

/// What `swingpose doctor` prints where the loader looks into `machine` first.
fn doctor(machine: &Machine, words: &[&str]) -> String {
    let driver = machine.system().join("libcuda.so.1");
    if driver.exists() {
        // The first name that cudarc tries: the machine may have a driver of its own.
        symlink(driver, machine.system().join("libcuda.so")).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_swingpose"));
    command.arg("doctor").args(words).current_dir(machine.folder());
    command.env("LD_LIBRARY_PATH", machine.system()).env("CUDA_PATH", machine.toolkit());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_whole_machine_labels_on_its_gpu() {
    let Some(machine) = Machine::whole() else { return };
    let json: serde_json::Value = serde_json::from_str(&doctor(&machine, &["--json"])).unwrap();
    let expected = if cfg!(feature = "cuda") { "cuda:0" } else { "cpu" };
    assert_eq!(json["labels_on"][0], expected, "{json:#}");
    assert_eq!(json["gpu"]["devices"]["ok"][0]["name"], "Stand-in of a GPU");
    assert_eq!(json["weights"]["present"]["demo"], false);
    assert_eq!(json["program"]["name"], "swingpose");
}

#[test]
fn a_driver_that_is_too_old_is_named_in_the_table_and_the_verdict() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(12040, 0, 0);
    let table = doctor(&machine, &[]);
    let words: Vec<_> = table.split_whitespace().collect();
    assert!(words.windows(2).any(|pair| pair == ["NVRTC", "broken"]), "{table}");
    assert!(table.contains("CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), "{table}");
    assert!(table.lines().last().unwrap().starts_with("labels on the CPU because "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80 || !line.contains(' ')), "{table}");
}

#[test]
fn a_machine_without_nvidia_is_told_what_to_install() {
    let Some(machine) = Machine::bare() else { return };
    let table = doctor(&machine, &[]);
    if table.contains("release ") {
        println!("skipped: this machine has a driver");
        return;
    }
    for word in ["CPU ", "--gpus all", "cuda-nvrtc-13-0", "weights pull rtmdet-m", "labels on the CPU because "] {
        assert!(table.contains(word), "{word}: {table}");
    }
}
