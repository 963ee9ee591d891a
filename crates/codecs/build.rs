//! Compiles the C layer over dav1d, libwebp and libjpeg-turbo, and links all of it as one object whose other symbols are
//! local: a libvips of the system may load other versions of the same libraries into the process.
#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The static libraries, as vendor-scripts/codecs/build.sh compiles them.
const LIBRARIES: [&str; 3] = ["libdav1d.a", "libwebpdecoder.a", "libjpeg.a"];

/// The C layer.
const LAYER: [&str; 4] = ["webp", "av1", "jpeg_decoder", "jpeg_encoder"];

/// All symbols of the C layer begin with this.
const PREFIX: &str = "pixmill_";

fn main() {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("../..");
    let out = PathBuf::from(variable("OUT_DIR"));
    let codecs = root.join("vendor/native/codecs");
    println!("cargo:rerun-if-changed=native");
    println!("cargo:rerun-if-changed={}", root.join("vendor-scripts/codecs").display());
    println!("cargo:rerun-if-changed={}", codecs.join(".stamp").display());
    // quick when they are there; compiled while cargo compiles other crates
    run(Command::new(root.join("vendor-scripts/vendor.sh")).arg("codecs"));
    let mut objects = Vec::new();
    for name in LAYER {
        let compiled = cc::Build::new()
            .file(format!("native/{name}.c"))
            .include(codecs.join("include"))
            .opt_level(2)
            .warnings(true)
            .compile_intermediates();
        objects.extend(compiled);
    }
    archive(&out, &codecs.join("lib"), &objects);
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=pixmill_codecs");
    println!("cargo:rustc-link-lib=dylib=m");
}

/// Links the objects and the parts of the libraries that they need into one object, and makes an archive of it.
fn archive(out: &Path, libraries: &Path, objects: &[PathBuf]) {
    let joined = out.join("pixmill_codecs.o");
    let libraries: Vec<_> = LIBRARIES.iter().map(|name| libraries.join(name)).collect();
    run(Command::new("ld").args(["-r", "-o"]).arg(&joined).args(objects).args(libraries));
    run(Command::new("objcopy")
        .args(["--wildcard", &format!("--keep-global-symbol={PREFIX}*")])
        .arg(&joined));
    let archive = out.join("libpixmill_codecs.a");
    let _ = fs::remove_file(&archive);
    run(Command::new("ar").arg("rcs").arg(&archive).arg(&joined));
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{command:?} failed: {status}"),
        Err(error) => panic!("{command:?} could not be started: {error}; expected binutils to be installed"),
    }
}
