//! Tells the linker where libvips is: the vendored one, or the system's when `PIXMILL_SYSTEM_VIPS=1`.
#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

use std::{env, path::PathBuf, process::Command};

/// Oldest libvips whose AVIF encoder obeys the concurrency setting.
const OLDEST_SYSTEM_LIBVIPS: &str = "8.16";

fn main() {
    println!("cargo:rerun-if-env-changed=PIXMILL_SYSTEM_VIPS");
    if env::var("PIXMILL_SYSTEM_VIPS").is_ok_and(|value| value == "1") {
        link_system();
    } else {
        link_vendored();
    }
}

fn link_vendored() {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let lib = manifest.join("../../vendor/native/lib");
    println!("cargo:rerun-if-changed={}", lib.display());
    assert!(
        lib.join("libvips.so").exists(),
        "libvips is not in vendor/native/lib: run `make vendor`, or set PIXMILL_SYSTEM_VIPS=1 to link the system's"
    );
    let lib = lib.canonicalize().expect("the folder was just seen");
    println!("cargo:rustc-link-search=native={}", lib.display());
}

fn link_system() {
    let packages = [format!("vips >= {OLDEST_SYSTEM_LIBVIPS}"), "glib-2.0".into(), "gobject-2.0".into()];
    let output = Command::new("pkg-config").arg("--libs-only-L").args(&packages).output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => panic!(
            "PIXMILL_SYSTEM_VIPS=1 needs libvips {OLDEST_SYSTEM_LIBVIPS} or later with its development files \
             (`apt-get install libvips-dev`), or unset it and run `make vendor`. pkg-config says: {}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => {
            panic!("PIXMILL_SYSTEM_VIPS=1 needs pkg-config (`apt-get install pkg-config`): {error}")
        }
    };
    for flag in String::from_utf8_lossy(&output.stdout).split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        }
    }
}
