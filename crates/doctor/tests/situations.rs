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

/// A whole machine but for what `harm` does to it, and how the message of what it lacks must begin and go on.
type Situation = (fn(&Machine), &'static [&'static str]);

const SITUATIONS: [Situation; 15] = [
    (|m| fs::remove_dir_all(m.system()).unwrap(), &["no NVIDIA driver", "cuda-drivers", "--gpus all"]),
    (|m| m.driver(13000, 100, 0), &["the NVIDIA driver sees no GPU", "--gpus all", "nvidia-smi -L"]),
    (|m| m.driver(13000, 34, 0), &["/", "libcuda.so.1 is a stub", "LD_LIBRARY_PATH"]),
    (|m| m.driver(13000, 803, 0), &["the NVIDIA driver does not work: cuInit failed with CUDA error 803", "restart"]),
    (|m| fs::write(m.system().join("libcuda.so.1"), "text").unwrap(), &["/", "libcuda.so.1 cannot be used: "]),
    (
        |m| fs::remove_dir_all(m.toolkit().join("lib64")).unwrap(),
        &["NVRTC not found", "cuda-nvrtc-13-0", "pip install 'nvidia-cuda-nvrtc==13.0.*'"],
    ),
    (|m| fs::write(m.toolkit().join("lib64/libnvrtc.so.13"), "text").unwrap(), &["/", "libnvrtc.so.13 cannot be used"]),
    (
        |m| fs::rename(m.cublaslt(), m.toolkit().join("lib64/libnvrtc.so.13")).unwrap(),
        &["/", "libnvrtc.so.13 cannot be used: it lacks nvrtcVersion"],
    ),
    (
        |m| m.driver(12040, 0, 0),
        &["NVRTC 13.0 (/", "CUDA 12.4", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "'nvidia-cuda-nvrtc-cu12==12.4.*'"],
    ),
    (
        |m| {
            fs::remove_file(m.toolkit().join("lib64/libnvrtc.so.13")).unwrap();
            m.nvrtc(&m.toolkit(), 11, 8);
        },
        &["NVRTC 11.8 (/", "does not compile for compute capability 9.0"],
    ),
    (|m| m.nvrtc(&m.toolkit(), 13, 2), &["NVRTC 13.2 (/", "CUDA 13.0"]),
    (
        |m| fs::remove_dir_all(m.toolkit().join("include")).unwrap(),
        &["CUDA headers not found", "cuda-cudart-dev-13-0 cuda-cccl-13-0 cuda-crt-13-0", "nvidia-cuda-runtime==13.0.*"],
    ),
    (
        |m| fs::remove_dir_all(m.toolkit().join("include/cccl")).unwrap(),
        &["the CUDA headers in /", "lack nv/target, cuda/barrier: install cuda-cudart-dev-13-0"],
    ),
    (|m| m.headers(&m.toolkit(), 12040), &["the CUDA headers in /", "are of CUDA 12.4, and NVRTC is 13.0"]),
    (
        |m| fs::remove_file(m.cublaslt()).unwrap(),
        &["cuBLASLt not found", "libcublas-13-0", "pip install 'nvidia-cublas==13.0.*'"],
    ),
];

#[test]
fn what_is_lacking_is_said_and_what_to_do() {
    for (harm, words) in SITUATIONS {
        let Some(machine) = Machine::whole() else { return };
        harm(&machine);
        let message = Findings::look(&places(&machine)).gpu().expect_err(words[0]).to_string();
        assert!(message.starts_with(words[0]), "{}: {message}", words[0]);
        words.iter().for_each(|word| assert!(message.contains(word), "{word}: {message}"));
    }
}

#[test]
fn a_whole_machine_is_ready() {
    let Some(machine) = Machine::whole() else { return };
    machine.management();
    let found = Findings::look(&places(&machine));
    let driver = found.driver.as_ref().unwrap();
    assert_eq!((driver.cuda.to_string().as_str(), driver.release.as_deref()), ("13.0", Some("580.95.05")));
    let ready = found.gpu().unwrap();
    assert_eq!((&ready.cuda_path, &ready.cublaslt), (&machine.toolkit(), &machine.cublaslt()));
    assert_eq!(places(&machine).cuda_path_to_set(), Some(machine.toolkit()));
    let device = &ready.devices[0];
    assert_eq!((device.name.as_str(), device.capability.to_string().as_str()), ("Stand-in of a GPU", "9.0"));
    assert_eq!((device.memory, device.free), (80 << 30, Some(70 << 30)));
    let decoder = ready.nvdec().unwrap();
    let takes: Vec<_> = decoder.takes.iter().map(|takes| (takes.codec.as_str(), takes.bit_depth)).collect();
    assert_eq!((decoder.engines, takes), (7, vec![("H.264", 8), ("HEVC", 8), ("HEVC", 10)]));
    ready.prepare().unwrap();
    let json = serde_json::to_value(found).unwrap();
    assert_eq!(
        (&json["nvrtc"]["ok"]["version"], &json["devices"]["ok"][0]["nvdec"]["ok"]["engines"]),
        (&"13.0".into(), &7.into())
    );
}

#[test]
fn without_the_video_decoder_only_decoding_is_the_cpus() {
    let Some(machine) = Machine::whole() else { return };
    fs::remove_file(machine.system().join("libnvcuvid.so.1")).unwrap();
    let ready = Findings::look(&places(&machine)).gpu().unwrap();
    let lack = ready.nvdec().unwrap_err();
    assert_eq!(lack.state(), "missing", "{lack}");
    assert!(lack.to_string().contains("NVIDIA_DRIVER_CAPABILITIES to `compute,video,utility`"), "{lack}");
    let Some(machine) = Machine::whole() else { return };
    machine.video_decoder(0);
    assert!(matches!(Findings::look(&places(&machine)).gpu().unwrap().nvdec(), Err(Lack::NoEngine)));
}

#[test]
fn of_two_toolkits_the_one_that_fits_the_driver_is_taken_unless_the_loader_has_its_own() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(12040, 0, 0);
    let other = machine.folder().join("other");
    machine.nvrtc(&other, 12, 4);
    machine.headers(&other, 12040);
    let places = Places { roots: vec![other.clone()], ..places(&machine) };
    let found = Findings::look(&places);
    assert_eq!(found.nvrtc.unwrap().path, other.join("lib64/libnvrtc.so.12"));
    assert!(matches!(found.headers, Err(Missing::HeadersOfAnother(..))), "{:?}", found.headers);
    assert!(matches!(found.cublaslt, Err(Missing::TooNew { piece: Piece::CublasLt, .. })), "{:?}", found.cublaslt);
    let asked_for = Places { cuda_path: Some(other.clone()), roots: vec![machine.toolkit()], ..places.clone() };
    assert_eq!(Findings::look(&asked_for).headers.unwrap().path, other);
    fs::copy(machine.toolkit().join("lib64/libnvrtc.so.13"), machine.system().join("libnvrtc.so.13")).unwrap();
    let expected = Version { major: 13, minor: 0 };
    let nvrtc = Findings::look(&places).nvrtc;
    assert!(matches!(nvrtc, Err(Missing::TooNew { found, .. }) if found == expected), "{nvrtc:?}");
}

#[test]
fn the_variable_that_hides_the_devices_is_named() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(13000, 100, 0);
    let hidden = Findings::look(&Places { visible_devices: Some(String::new()), ..places(&machine) });
    let message = hidden.gpu().unwrap_err().to_string();
    assert!(message.contains("CUDA_VISIBLE_DEVICES is \"\", unset it"), "{message}");
}

#[test]
fn a_driver_that_hangs_is_not_waited_for() {
    let Some(machine) = Machine::whole() else { return };
    machine.driver(13000, 0, 5);
    let start = Instant::now();
    let found = Findings::look(&Places { patience: Duration::from_millis(300), ..places(&machine) });
    assert!(start.elapsed() < Duration::from_secs(4));
    assert!(matches!(found.driver, Err(Missing::Silent(_))), "{:?}", found.driver);
    assert!(found.nvrtc.is_ok(), "{:?}", found.nvrtc);
}

#[test]
fn the_kernel_is_asked_for_the_release_first() {
    let Some(machine) = Machine::whole() else { return };
    machine.management();
    let line = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (root@host)\n";
    fs::write(machine.folder().join("version"), line).unwrap();
    let release = Findings::look(&places(&machine)).driver.unwrap().release;
    assert_eq!(release.as_deref(), Some("570.86.10"));
}
