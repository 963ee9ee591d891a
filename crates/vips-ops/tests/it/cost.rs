//! The header scan for cost predictions agrees with libvips.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use image_api::Settings;
use testkit::{sample, samples};
use vips_ops::{
    Source,
    cost::header,
    source::{Codec, SourceFormat},
};

use crate::ask;

/// The corpus of images, if present beside the repository.
const CORPUS: &str = "../../../shared/corpora/dev";

/// Every file in a folder, recursively.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The difference between scan and decoder; `None` if they agree, or if the decoder refuses the file.
fn difference(path: &Path) -> Option<String> {
    let bytes: Bytes = fs::read(path).unwrap().into();
    let source = Source::open(&bytes, &Settings::default().limits).ok()?;
    let header = header::scan(&bytes)?;
    // for an SVG that states no size, libvips measures what it renders
    if header.is_guess && header.info.format == SourceFormat::Svg {
        return None;
    }
    let told = |info: &vips_ops::source::SourceInfo| {
        // icons count as if they had alpha
        let alpha = info.alpha && info.format != SourceFormat::Ico;
        // dav1d leaves some AVIF to libvips, which a scan does not see
        let is_unsure = info.format == SourceFormat::Heif && header.info.codec.is_some();
        let codec = info.codec.filter(|_| !is_unsure).map(Codec::name);
        format!("{} × {} {:?} alpha {alpha} codec {codec:?}", info.stored, info.frames, info.orientation)
    };
    let (scanned, decoded) = (told(&header.info), told(&source.info));
    let same_quality = header.info.jpeg_quality == source.info.jpeg_quality;
    (scanned != decoded || !same_quality)
        .then(|| format!("{}: {scanned}, expected {decoded}", path.display()))
}

#[test]
fn scans_of_samples_agree_with_decoders() {
    crate::start();
    let differences: Vec<_> = files(&samples()).iter().filter_map(|path| difference(path)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn scans_name_the_decoders_of_encoded_samples() {
    let formats = [
        ("jpeg", Codec::LibjpegTurbo),
        ("png", Codec::Png),
        ("webp", Codec::Libwebp),
        ("avif", Codec::Dav1d),
    ];
    for (format, codec) in formats {
        for name in ["china.jpg", "pixmill-logo.png"] {
            let bytes = ask(&sample(name), &format!("width=100&format={format}")).unwrap().bytes;
            let found = header::scan(&bytes).unwrap().info.codec;
            let expected = Source::open(&bytes, &Settings::default().limits).unwrap().info.codec;
            assert_eq!(found, expected, "{name} as {format}");
            assert!(found == Some(codec) || name.ends_with("png"), "{name} as {format}");
        }
    }
}

#[test]
fn scans_of_the_corpus_agree_with_decoders() {
    crate::start();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join(CORPUS);
    if !corpus.is_dir() {
        eprintln!("skipped: no corpus beside the repository");
        return;
    }
    let differences: Vec<_> = files(&corpus).iter().filter_map(|path| difference(path)).collect();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
