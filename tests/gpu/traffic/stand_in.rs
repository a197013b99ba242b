//! The counting library itself, in front of a stand-in for the driver: wherever there is a C compiler.

use std::path::Path;
use std::process::Command;

use super::counting::{Counting, Sum, Traffic, has_compiler, sources};

fn compile(source: &str, flags: &[&str], to: &Path) {
    let mut command = Command::new("cc");
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror"]).arg(sources().join(source));
    let output = command.args(flags).arg("-o").arg(to).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn copies_are_counted_by_direction_and_reach_the_driver() {
    if !has_compiler() {
        eprintln!("skipped: there is no C compiler (cc)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [driver, caller] = ["libcuda.so.1", "caller"].map(|name| folder.path().join(name));
    compile("driver.c", &["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"], &driver);
    compile("caller.c", &["-ldl"], &caller);
    let (output, traffic) = Counting::before(&driver).unwrap().run(&mut Command::new(caller));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "13\n", "copies that the driver was asked for");
    // 20 x 5 bytes in rows, 10 x 10 x 10 in planes.
    let to_host = Sum { bytes: 10 + 20 + 40 + 100 + 1000, copies: 5, largest: 1000 };
    let to_device = Sum { bytes: 1 + 2 + 4 + 100 + 1000, copies: 5, largest: 1000 };
    assert_eq!(traffic, Traffic { to_host, to_device });
}
