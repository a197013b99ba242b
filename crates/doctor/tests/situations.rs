//! Machines that lack this or that, made up of stand-ins: what is found on them, and what is said. A library stays loaded
//! once it was found, so that a machine with another is a new one.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

mod stand_ins;

use std::fs;
use std::time::{Duration, Instant};

use stand_ins::Machine;
use swingpose_doctor::{Findings, Lack, Missing, Piece, Places, Version};

fn places(machine: &Machine) -> Places {
    Places {
        loader: Some(vec![machine.system()]),
        cuda_path: Some(machine.toolkit()),
        roots: Vec::new(),
        kernel_driver: machine.folder().join("version"),
        visible_devices: None,
        patience: Duration::from_secs(10),
    }
}

fn look(machine: &Machine) -> Findings {
    Findings::look(&places(machine))
}

/// What keeps `machine` from labeling on a GPU, and that its message has all of `words`.
fn refusal(machine: &Machine, words: &[&str]) -> Missing {
    let missing = look(machine).gpu().expect_err("something is missing");
    let message = missing.to_string();
    words.iter().for_each(|word| assert!(message.contains(word), "{word}: {message}"));
    missing
}

#[test]
fn a_machine_without_nvidia_lacks_the_driver_first() {
    let Some(machine) = Machine::bare() else { return };
    assert!(matches!(refusal(&machine, &["cuda-drivers", "--gpus all"]), Missing::NoDriver { .. }));
    let found = look(&machine);
    assert!(matches!(found.nvrtc, Err(Missing::Absent { piece: Piece::Nvrtc, .. })), "{:?}", found.nvrtc);
    assert!(matches!(found.headers, Err(Missing::Absent { piece: Piece::Headers, .. })), "{:?}", found.headers);
    assert!(matches!(found.cublaslt, Err(Missing::Absent { piece: Piece::CublasLt, .. })), "{:?}", found.cublaslt);
}

#[test]
fn a_whole_machine_is_ready() {
    let Some(machine) = Machine::whole() else { return };
    machine.management();
    let found = look(&machine);
    let driver = found.driver.as_ref().unwrap();
    assert_eq!((driver.cuda, driver.release.as_deref()), (Version::new(13, 0), Some("580.95.05")));
    let ready = found.gpu().unwrap();
    assert_eq!((&ready.cuda_path, ready.nvrtc.parent()), (&machine.toolkit(), Some(&*machine.toolkit().join("lib64"))));
    assert_eq!(places(&machine).cuda_path_to_set(), Some(ready.cuda_path.clone()));
    let device = &ready.devices[0];
    assert_eq!((device.name.as_str(), device.capability), ("Stand-in of a GPU", Version::new(9, 0)));
    assert_eq!((device.memory, device.free), (80 << 30, Some(70 << 30)));
    let decoder = ready.nvdec().unwrap();
    let takes: Vec<_> = decoder.takes.iter().map(|takes| (takes.codec.as_str(), takes.bit_depth)).collect();
    assert_eq!((decoder.engines, takes), (7, vec![("H.264", 8), ("HEVC", 8), ("HEVC", 10)]));
    ready.prepare().unwrap();
}

#[test]
fn without_the_video_decoder_only_decoding_is_the_cpus() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_file(machine.system().join("libnvcuvid.so.1")).unwrap();
    let ready = look(&machine).gpu().unwrap();
    let lack = ready.nvdec().unwrap_err();
    assert!(matches!(lack, Lack::Nvdec(_)) && !lack.is_broken(), "{lack}");
    assert!(lack.to_string().contains("NVIDIA_DRIVER_CAPABILITIES to `compute,video,utility`"), "{lack}");
}

#[test]
fn a_gpu_without_a_decoder_says_so() {
    let Some(machine) = Machine::whole() else { return };
    machine.video_decoder(0);
    assert!(matches!(look(&machine).gpu().unwrap().nvdec(), Err(Lack::NoEngine)));
}

#[test]
fn without_nvrtc_its_packages_are_named() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_file(machine.toolkit().join("lib64/libnvrtc.so.13")).unwrap();
    let words = ["NVRTC not found", "cuda-nvrtc-13-0", "pip install 'nvidia-cuda-nvrtc==13.0.*'"];
    assert!(matches!(refusal(&machine, &words), Missing::Absent { piece: Piece::Nvrtc, .. }));
}

#[test]
fn without_cublaslt_its_packages_are_named() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_file(machine.toolkit().join("lib64/libcublasLt.so.13")).unwrap();
    let words = ["cuBLASLt not found", "libcublas-13-0", "pip install 'nvidia-cublas==13.0.*'"];
    assert!(matches!(refusal(&machine, &words), Missing::Absent { piece: Piece::CublasLt, .. }));
}

#[test]
fn without_headers_their_packages_are_named_and_a_part_of_them_is_not_enough() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_dir_all(machine.toolkit().join("include/cccl")).unwrap();
    let words =
        ["lack nv/target, cuda/barrier", "cuda-cudart-dev-13-0 cuda-cccl-13-0 cuda-crt-13-0", "nvidia-cuda-crt"];
    assert!(matches!(refusal(&machine, &words), Missing::HeadersIncomplete { .. }));
    fs::remove_dir_all(machine.toolkit().join("include")).unwrap();
    assert!(matches!(refusal(&machine, &["CUDA headers not found"]), Missing::Absent { piece: Piece::Headers, .. }));
    assert_eq!(places(&machine).cuda_path_to_set(), None);
}

#[test]
fn a_driver_that_is_too_old_for_nvrtc_would_refuse_what_it_compiles() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(12040, 1);
    let words = ["NVRTC 13.0", "CUDA 12.4", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "'nvidia-cuda-nvrtc-cu12==12.4.*'"];
    assert!(matches!(refusal(&machine, &words), Missing::TooNew { piece: Piece::Nvrtc, .. }));
    let Some(machine) = Machine::whole() else { return };
    machine.nvrtc(&machine.toolkit(), 13, 2, 90);
    refusal(&machine, &["NVRTC 13.2", "CUDA 13.0"]);
}

#[test]
fn of_two_toolkits_the_one_that_fits_the_driver_is_taken() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(12040, 1);
    let other = machine.folder().join("other");
    machine.nvrtc(&other, 12, 4, 90);
    machine.headers(&other, 12040);
    let found = Findings::look(&Places { roots: vec![other.clone()], ..places(&machine) });
    let nvrtc = found.nvrtc.as_ref().unwrap();
    assert_eq!((nvrtc.version, &nvrtc.path), (Version::new(12, 4), &other.join("lib64/libnvrtc.so.12")));
    assert!(matches!(found.headers, Err(Missing::HeadersOfAnother { .. })), "{:?}", found.headers);
    assert!(matches!(found.cublaslt, Err(Missing::TooNew { piece: Piece::CublasLt, .. })), "{:?}", found.cublaslt);
    let asked_for = Places { cuda_path: Some(other.clone()), roots: vec![machine.toolkit()], ..places(&machine) };
    assert_eq!(Findings::look(&asked_for).headers.unwrap().path, other);
}

#[test]
fn what_the_loader_finds_is_used_though_a_toolkit_has_another() {
    let Some(machine) = Machine::whole() else { return };
    machine.nvrtc(&machine.folder().join("other"), 13, 1, 90);
    let file = machine.folder().join("other/lib64/libnvrtc.so.13");
    fs::copy(file, machine.system().join("libnvrtc.so.13")).unwrap();
    refusal(&machine, &["NVRTC 13.1", "is newer than the driver", "system/libnvrtc.so.13"]);
}

#[test]
fn without_a_device_the_variable_that_hides_it_is_named() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver_whose_init(13000, 0, 100, 0);
    assert!(matches!(refusal(&machine, &["sees no GPU", "nvidia-smi -L"]), Missing::NoDevice { .. }));
    assert_eq!(look(&machine).driver.unwrap().cuda, Version::new(13, 0));
    let hidden = Findings::look(&Places { visible_devices: Some(String::new()), ..places(&machine) });
    let message = hidden.gpu().unwrap_err().to_string();
    assert!(message.contains("CUDA_VISIBLE_DEVICES is \"\", unset it"), "{message}");
}

#[test]
fn drivers_that_do_not_work_are_told_apart() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver_whose_init(13000, 1, 34, 0);
    assert!(matches!(refusal(&machine, &["stub", "LD_LIBRARY_PATH"]), Missing::Stub { .. }));
    let Some(machine) = Machine::whole() else { return };
    machine.driver_whose_init(13000, 1, 803, 0);
    let words = ["cuInit failed with CUDA error 803 (CUDA_ERROR_OF_THE_STAND_IN)", "restart"];
    assert!(matches!(refusal(&machine, &words), Missing::Driver { .. }));
    let Some(machine) = Machine::whole() else { return };
    fs::write(machine.system().join("libcuda.so.1"), "not a library").unwrap();
    let broken = refusal(&machine, &["libcuda.so.1 cannot be used"]);
    assert!(broken.is_broken() && matches!(broken, Missing::Broken { .. }), "{broken}");
}

#[test]
fn a_driver_that_hangs_is_not_waited_for() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver_whose_init(13000, 1, 0, 5);
    let start = Instant::now();
    let found = Findings::look(&Places { patience: Duration::from_millis(300), ..places(&machine) });
    assert!(start.elapsed() < Duration::from_secs(4));
    assert!(matches!(found.driver, Err(Missing::Silent { .. })), "{:?}", found.driver);
    assert!(found.nvrtc.is_ok(), "{:?}", found.nvrtc);
}

#[test]
fn a_library_that_cannot_be_opened_is_reported_in_the_loaders_words() {
    let Some(machine) = Machine::whole() else { return };
    fs::write(machine.toolkit().join("lib64/libnvrtc.so.13"), "of another machine").unwrap();
    let broken = refusal(&machine, &["lib64/libnvrtc.so.13 cannot be used"]);
    assert!(matches!(&broken, Missing::Broken { said, .. } if !said.is_empty()), "{broken}");
    fs::copy(machine.system().join("libcuda.so.1"), machine.toolkit().join("lib64/libnvrtc.so.13")).unwrap();
    refusal(&machine, &["it lacks nvrtcVersion"]);
}

#[test]
fn a_compiler_that_does_not_know_the_gpu_is_refused() {
    let Some(machine) = Machine::whole() else { return };
    machine.nvrtc(&machine.toolkit(), 13, 0, 75);
    let words = ["compiles for no GPU of compute capability 9.0"];
    assert!(matches!(refusal(&machine, &words), Missing::NotCompiledFor { .. }));
}

#[test]
fn the_kernel_is_asked_for_the_release_first() {
    let Some(machine) = Machine::whole() else { return };
    machine.management();
    let line = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (root@host)\n";
    fs::write(machine.folder().join("version"), line).unwrap();
    assert_eq!(look(&machine).driver.unwrap().release.as_deref(), Some("570.86.10"));
}

#[test]
fn a_program_reads_what_is_ok_and_why_the_rest_is_not() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_file(machine.toolkit().join("lib64/libcublasLt.so.13")).unwrap();
    let json = serde_json::to_value(look(&machine)).unwrap();
    assert_eq!(json["driver"]["ok"]["cuda"], "13.0");
    assert_eq!(json["devices"]["ok"][0]["nvdec"]["ok"]["engines"], 7);
    assert!(json["cublaslt"]["missing"].as_str().unwrap().contains("libcublas-13-0"), "{json}");
}
