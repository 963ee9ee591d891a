//! Writes seed corpora and dictionaries for fuzzing. All of it is
//! derived: from the examples in the parameter table, from the sample images and from the golden images.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use image_api::{Accept, Params, Settings, SourceFormat};
use image_api::{
    params::{SPECS, spec::Grammar},
    table,
};
use vips_ops::source::sniff::sniff;
use vips_ops::vips::{self, Access, Deadline, Image, Loader, Operation, Vips};
use vips_ops::{Assets, process};

use crate::workspace::workspace;

/// The folder in which cargo-fuzz expects the corpus of a target.
const CORPUS: &str = "fuzz/corpus";

/// Folders of images, in the workspace.
const PICTURES: [&str; 3] = ["samples", "crates/vips-ops/tests/golden", "crates/vips-ops/tests/it/pictures"];

/// Largest image that becomes a seed, in bytes: with large ones a fuzzer tries few inputs per second.
const MAX_SEED: usize = 24 * 1024;

/// Requests that `fuzz/src/lib.rs` renders an image with, of which the first byte of an input selects one.
const REQUESTS: u8 = 12;

/// Targets that parse a query, and the bytes before it in their inputs: for `plan` the header of an original of 512 ×
/// 384 pixels, for `signing` the path.
const QUERY_TARGETS: [(&str, &[u8]); 4] = [
    ("query", b""),
    ("canonical", b""),
    ("plan", &[0x00, 0x02, 0x80, 0x01, 1, 1, 0, 0, 0, 85, 3]),
    ("signing", b"/photo.jpg?"),
];

/// Identifiers that decoders search for in containers, besides the signatures at the start of files.
const CONTAINER_WORDS: [&str; 40] = [
    "IHDR",
    "PLTE",
    "tRNS",
    "IDAT",
    "IEND",
    "acTL",
    "fcTL",
    "fdAT",
    "iCCP",
    "cICP",
    "sRGB",
    "gAMA",
    "cHRM",
    "eXIf",
    "VP8 ",
    "VP8L",
    "VP8X",
    "ALPH",
    "ANIM",
    "ANMF",
    "ICCP",
    "EXIF",
    "XMP ",
    "JFIF",
    "Exif",
    "ICC_PROFILE",
    "NETSCAPE2.0",
    "ftyp",
    "meta",
    "iprp",
    "ipco",
    "ispe",
    "iloc",
    "iinf",
    "av01",
    "colr",
    "<svg",
    "<use",
    "viewBox",
    "xlink:href",
];

/// Writes the corpora and dictionaries.
pub fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "expected no arguments, got {arguments:?}");
    let root = workspace();
    let corpus = root.join(CORPUS);
    for (target, before) in QUERY_TARGETS {
        for (index, query) in queries().iter().enumerate() {
            write(&corpus.join(target), &format!("query-{index}"), &[before, query.as_bytes()].concat())?;
        }
    }
    let pictures = pictures(&root)?;
    for (index, (format, bytes)) in pictures.iter().enumerate() {
        // one request per seed is enough: the fuzzer mutates the first byte
        let input = [&[index as u8 % REQUESTS], bytes.as_slice()].concat();
        for target in ["cost".to_owned(), format!("decode_{}", target_of(*format))] {
            write(&corpus.join(target), &format!("picture-{index}"), &input)?;
        }
    }
    fs::write(corpus.join("requests.dict"), request_words())?;
    fs::write(corpus.join("pictures.dict"), picture_words(&pictures))?;
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), bytes).with_context(|| format!("cannot write to {}", folder.display()))
}

/// Every example of the parameter table, and every keyword with its parameter.
fn queries() -> BTreeSet<String> {
    let mut queries = BTreeSet::new();
    for spec in SPECS {
        queries.extend(spec.examples.iter().map(|example| example.query.to_owned()));
        if let Grammar::Keyword(words) = spec.grammar {
            queries.extend(words.iter().map(|word| format!("{}={word}", spec.name)));
        }
    }
    queries
}

/// The name of a format in the names of targets.
fn target_of(format: SourceFormat) -> String {
    format!("{format:?}").to_lowercase()
}

/// The images of the project that are small enough, and a generated one for each format without one.
fn pictures(root: &Path) -> Result<Vec<(SourceFormat, Vec<u8>)>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in PICTURES {
        for entry in fs::read_dir(root.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let mut pictures = rendered(root)?;
    pictures.extend([(SourceFormat::Tiff, tiff(&pictures[0].1)?), (SourceFormat::Bmp, bmp())]);
    for file in files {
        let bytes = fs::read(&file)?;
        let format = sniff(&bytes).filter(|_| bytes.len() <= MAX_SEED);
        pictures.extend(format.map(|format| (format, bytes)));
    }
    for format in SourceFormat::ALL {
        let has_seed = pictures.iter().any(|(found, bytes)| *found == format && sniff(bytes) == Some(format));
        ensure!(has_seed, "no seed image in the format {}", format.title());
    }
    Ok(pictures)
}

/// Samples and the requests that turn them into small seeds, a PNG first.
const RENDERED: [(&str, &str); 8] = [
    ("astronaut.png", "width=24&format=png"),
    ("pixmill-logo.png", "width=24&format=png"),
    ("astronaut.png", "width=24&format=webp"),
    ("pixmill-logo.png", "width=24&format=webp"),
    ("astronaut.png", "width=24&format=avif"),
    ("flower-p3.jpg", "width=24"),
    ("mill.gif", "width=16"),
    ("mill.gif", "width=16&format=webp"),
];

fn rendered(root: &Path) -> Result<Vec<(SourceFormat, Vec<u8>)>> {
    Vips::start(vips::Settings::default())?;
    let (settings, deadline) = (Settings::default(), Deadline::never());
    let render = |(sample, query): &(&str, &str)| {
        let original = fs::read(root.join("samples").join(sample))?.into();
        let params = Params::parse(query)?.params;
        let (assets, accept) = (Assets::default(), Accept::default());
        let encoded = process(&params, &original, &assets, accept, &settings, &deadline, &mut |_| ())?;
        let format = sniff(&encoded.bytes).context("an answer of no known format")?;
        Ok((format, encoded.bytes.to_vec()))
    };
    RENDERED.iter().map(render).collect()
}

/// Encodes a PNG as TIFF, a format of which the project has no file.
fn tiff(png: &[u8]) -> Result<Vec<u8>> {
    let image = Image::load(&png.to_vec().into(), &Loader::Png, Access::Sequential)?;
    let built = Operation::new(c"tiffsave_buffer").image(c"in", &image).build()?;
    Ok(built.bytes(c"buffer")?.to_vec())
}

/// Two by two pixels of 24 bits.
fn bmp() -> Vec<u8> {
    let header: [u32; 13] = [70, 0, 54, 40, 2, 2, 1 | 24 << 16, 0, 16, 2835, 2835, 0, 0];
    let rows = [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0];
    b"BM".iter().copied().chain(header.into_iter().flat_map(u32::to_le_bytes)).chain(rows).collect()
}

/// Names, aliases and keywords of all parameters, and the delimiters of a query.
fn request_words() -> String {
    let mut words: BTreeSet<&str> = BTreeSet::from(["&", "=", ",", "64=", "%2C", "true", "false", "auto"]);
    for table::Row { spec, .. } in table::rows() {
        words.extend(spec.names());
        if let Grammar::Keyword(keywords) = spec.grammar {
            words.extend(keywords);
        }
    }
    dictionary(words.into_iter().map(str::as_bytes))
}

/// Signatures of the formats.
const SIGNATURE: usize = 12;

fn picture_words(pictures: &[(SourceFormat, Vec<u8>)]) -> String {
    let signatures = pictures.iter().filter_map(|(_, bytes)| bytes.get(..SIGNATURE));
    let words = CONTAINER_WORDS.iter().map(|word| word.as_bytes());
    dictionary(signatures.chain(words).collect::<BTreeSet<_>>().into_iter())
}

/// In the format of libFuzzer: a quoted word per line.
fn dictionary<'a>(words: impl Iterator<Item = &'a [u8]>) -> String {
    words.fold(String::new(), |mut text, word| {
        text.push('"');
        for &byte in word {
            if byte.is_ascii_alphanumeric() || b" _-.,<:=&".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "\\x{byte:02X}");
            }
        }
        text.push_str("\"\n");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped_as_libfuzzer_reads_them() {
        assert_eq!(
            dictionary([&b"width"[..], b"\x89PNG\"\\", b"a=b"].into_iter()),
            "\"width\"\n\"\\x89PNG\\x22\\x5C\"\n\"a=b\"\n"
        );
    }

    #[test]
    fn every_parameter_has_its_words() {
        let words = request_words();
        assert!(table::rows().iter().all(|row| words.contains(&format!("\"{}\"\n", row.spec.name))));
        assert!(queries().len() > SPECS.len());
    }

    #[test]
    fn every_format_has_a_seed_and_a_target() {
        let root = workspace();
        for (format, bytes) in pictures(&root).unwrap() {
            assert_eq!(sniff(&bytes), Some(format));
            let target = format!("fuzz/fuzz_targets/decode_{}.rs", target_of(format));
            assert!(root.join(&target).exists(), "{target}");
        }
    }

    #[test]
    fn every_target_is_built_and_documented() {
        let root = workspace();
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let page = fs::read_to_string(root.join("docs/fuzzing.md")).unwrap();
        for entry in fs::read_dir(root.join("fuzz/fuzz_targets")).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap();
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            let shown = if name.starts_with("decode_") { "decode_…" } else { name };
            assert!(page.contains(&format!("| `{shown}` |")), "{name}");
        }
    }

    #[test]
    fn the_requests_of_the_targets_are_counted_and_valid() {
        let code = fs::read_to_string(workspace().join("fuzz/src/lib.rs")).unwrap();
        let (_, list) = code.split_once("const QUERIES").unwrap();
        let list = list.split_once("= [").unwrap().1.split_once("];").unwrap().0;
        let queries: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(queries.len(), usize::from(REQUESTS));
        for query in queries {
            let parsed = Params::parse(query).unwrap();
            assert!(parsed.clamped.is_empty(), "{query}");
        }
    }
}
