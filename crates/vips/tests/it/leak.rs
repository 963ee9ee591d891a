//! libvips reports leaks at shutdown, which requires a process of its own.
#![expect(unsafe_code, reason = "libvips is shut down in a process of its own")]
#![expect(clippy::disallowed_methods, reason = "the child process gets its role from the environment")]

use std::{env, process::Command};

use vips::{Access, Image, JpegScan, Keep, Loader, Settings, Subsample, Vips, ops::Kernel};

const CHILD: &str = "VIPS_LEAK_TEST_CHILD";

#[test]
fn work_checked_for_leaks() {
    if env::var_os(CHILD).is_some() {
        Vips::start(Settings { leak_check: true, ..Settings::default() }).unwrap();
    }
    let image = crate::gradient(200, 100);
    let jpeg = image.save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::All).unwrap();
    let loaded = Image::load(&jpeg, &Loader::Jpeg { shrink: 1 }, Access::Sequential).unwrap();
    let small = loaded.resize(0.3, 0.3, Kernel::Lanczos3).unwrap().rotate(10.0, &[0.0; 3]).unwrap();
    assert!(!small.save_webp(80, 0, Keep::All).unwrap().is_empty());
    assert!(image.extract_area(500, 0, 1, 1).is_err());
    assert!(Image::load(&jpeg.slice(..100), &Loader::Jpeg { shrink: 1 }, Access::Random).is_err());
    if env::var(CHILD).is_ok_and(|part| part == "leaks") {
        std::mem::forget(image.clone());
    }
    drop((image, loaded, small));
    if env::var_os(CHILD).is_some() {
        // SAFETY: this process runs this test alone, and everything was dropped
        unsafe { vips::shutdown() };
    }
}

fn report(part: &str) -> String {
    let child = Command::new(env::current_exe().unwrap())
        .args(["leak::work_checked_for_leaks", "--exact", "--nocapture"])
        .env(CHILD, part)
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    String::from_utf8_lossy(&child.stderr).into_owned() + &String::from_utf8_lossy(&child.stdout)
}

#[test]
fn nothing_leaks() {
    let clean = report("clean");
    assert!(!clean.contains("leaked") && !clean.contains("objects alive"), "{clean}");
}

#[test]
fn the_leak_check_detects_a_leak() {
    let leaky = report("leaks");
    assert!(leaky.contains("objects alive"), "{leaky}");
}
