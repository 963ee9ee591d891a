//! The renders on which weights are measured: images of every format in several sizes, and the requests for each.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use bytes::Bytes;
use testkit::{sample, samples};
use vips_ops::vips::{
    Access, BandFormat, Image, Interpretation, JpegScan, Keep, Loader, Operation, Palette, PngRows,
    Subsample, ops::Kernel,
};

/// Requests for every image, including those that the fit does not use.
pub const TYPICAL: [&str; 14] = [
    "width=400",
    "width=1600",
    "width=300&height=300&crop=fit",
    "width=300&height=300&crop=entropy",
    "width=400&format=webp",
    "width=400&format=avif",
    "width=400&format=gif",
    "width=400&format=png",
    "width=400&blur=30",
    "width=400&quality=auto&format=jpeg",
    "width=400&rotate=13",
    "width=600&layers=[{\"text\":\"Hello world\",\"scale\":40}]",
    "width=400&trim=color",
    "meta=true",
];

/// Requests for photographs, which separate the steps from one another.
const STEPS: [&str; 38] = [
    "format=jpeg&quality=80",
    "width=1000&format=jpeg&quality=95",
    "width=1000&format=jpeg&quality=80&interlace",
    "width=2500&format=jpeg&quality=80",
    "width=1000&format=png",
    "width=1000&format=png&interlace",
    "width=1000&format=webp&quality=80",
    "width=1000&format=avif&quality=80",
    "width=1000&format=avif&quality=95",
    "width=1000&format=gif",
    "width=1000&rotate=90&format=jpeg",
    "width=1000&rotate=30&format=jpeg",
    "width=1000&height=400&crop=entropy&format=jpeg",
    "crop=entropy&width=500&format=jpeg",
    "width=1000&height=1000&crop=pad&format=jpeg",
    "width=1000&pad=50&format=jpeg",
    "crop=0,0,200,200&format=jpeg",
    "width=1000&blur=4&format=jpeg",
    "width=1000&blur=100&format=jpeg",
    "width=1000&sharp_amount=50&format=jpeg",
    "width=1000&sharp_amount=50&sharp_radius=60&format=jpeg",
    "width=1000&brightness=0.2&format=jpeg",
    "width=1000&saturation=0.5&format=jpeg",
    "width=1000&vibrance=0.5&format=jpeg",
    "width=1000&fill_flash=0.5&format=jpeg",
    "width=1000&shadow=0.5&highlights=-0.5&format=jpeg",
    "width=1000&filter=5&format=jpeg",
    "width=1000&filter=12&format=jpeg",
    "width=1000&auto_level&format=jpeg",
    "width=1000&auto_fix&vibrance=0.4&format=jpeg",
    "width=1000&mark=/coffee.png&mark_scale=50&format=jpeg",
    "width=1000&layers=[{\"text\":\"Hello\"}]&format=jpeg",
    "width=1000&quality=auto&quality_method=mpe&format=jpeg",
    "width=1000&quality=auto&quality_method=smallfry&format=jpeg",
    "width=1000&quality=auto&quality_method=ssimulacra2&format=jpeg",
    "width=1000&quality=auto&format=webp",
    "width=1000&quality=auto&format=avif",
    "width=200&meta=true",
];

/// Requests for animations.
const MOVING: [&str; 6] = [
    "width=200",
    "width=200&format=webp",
    "width=200&format=gif",
    "width=200&format=mp4",
    "width=200&format=webp&blur=10",
    "width=120&height=120&crop=fit&format=gif",
];

/// Photographs, and the long sides that they are scaled to, in pixels: up to 10 megapixels.
const PHOTOS: [(&str, u32); 6] = [
    ("china.jpg", 300),
    ("coffee.png", 600),
    ("china.jpg", 900),
    ("coffee.png", 1400),
    ("china.jpg", 2000),
    ("coffee.png", 4000),
];

/// Width and height of a uniform image.
const FLAT: (u32, u32) = (4000, 3000);

/// Frames of an animation, and the side of each.
const FILMS: [(u32, u32); 3] = [(10, 200), (40, 200), (20, 500)];

/// Files, and the requests for each.
pub fn originals(folder: &Path) -> Result<Vec<(PathBuf, Vec<String>)>> {
    fs::create_dir_all(folder)?;
    let mut found = Vec::new();
    for (name, bytes) in made()? {
        let path = folder.join(&name);
        fs::write(&path, bytes)?;
        found.push((path, asked(&name)));
    }
    for entry in fs::read_dir(samples())? {
        let path = entry?.path();
        let picture = path.extension().is_some_and(|ending| ending != "md" && ending != "txt");
        if picture {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((path, asked(&name)));
        }
    }
    found.sort();
    Ok(found)
}

fn asked(name: &str) -> Vec<String> {
    let steps =
        ["jpeg-plain-2000", "png-plain-900", "png-alpha-1400"].iter().any(|part| name.starts_with(part));
    let moving = name.contains("film") || name.starts_with("mill");
    let typical =
        TYPICAL.iter().chain(STEPS.iter().filter(|_| steps)).chain(MOVING.iter().filter(|_| moving));
    typical.map(|query| (*query).to_owned()).collect()
}

fn made() -> Result<Vec<(String, Bytes)>> {
    let mut made = Vec::new();
    for (name, side) in PHOTOS {
        stills(&photograph(name, side)?, &side.to_string(), &mut made)?;
    }
    stills(&flat()?, "flat", &mut made)?;
    for (frames, side) in FILMS {
        films(frames, side, &mut made)?;
    }
    for (name, text) in svg_documents() {
        made.push((format!("svg-{name}.svg"), text.into()));
    }
    Ok(made)
}

/// A photograph with this long side. Noise replaces the detail that upscaling does not create.
fn photograph(name: &str, side: u32) -> Result<Image> {
    let loader = if name.ends_with("png") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
    let image = Image::load(&sample(name), &loader, Access::Random)?;
    let scale = f64::from(side) / f64::from(image.width().max(image.height()));
    let large = image.resize(scale, scale, Kernel::Lanczos3)?;
    let grain = Image::noise(large.width(), large.height(), 4.0)?;
    Ok(large.add(&grain)?.cast(BandFormat::Uchar)?.copy_memory()?)
}

/// A uniform image: hardly any bytes, but as many pixels as any other.
fn flat() -> Result<Image> {
    let (width, height) = FLAT;
    let pixels = vec![120; 3 * width as usize * height as usize];
    Ok(Image::from_pixels(&pixels, width, height, 3)?.interpret(Interpretation::Srgb)?)
}

fn stills(image: &Image, name: &str, made: &mut Vec<(String, Bytes)>) -> Result<()> {
    let nothing = Keep::Nothing;
    let alpha = image.bandjoin_const(200.0)?.cast(BandFormat::Uchar)?;
    let (baseline, passes) = (JpegScan::Baseline, JpegScan::Progressive);
    let mut add = |kind: &str, ending: &str, bytes| made.push((format!("{kind}-{name}.{ending}"), bytes));
    add("jpeg-plain", "jpg", image.save_jpeg(80, baseline, Subsample::On, nothing)?);
    add("jpeg-fine", "jpg", image.save_jpeg(95, baseline, Subsample::Off, nothing)?);
    add("jpeg-passes", "jpg", image.save_jpeg(80, passes, Subsample::On, nothing)?);
    add("png-plain", "png", image.save_png(6, PngRows::Plain, Palette::Direct, nothing)?);
    add("png-alpha", "png", alpha.save_png(6, PngRows::Plain, Palette::Direct, nothing)?);
    add("png-passes", "png", image.save_png(6, PngRows::Interlaced, Palette::Direct, nothing)?);
    add("png-palette", "png", image.save_png(6, PngRows::Plain, Palette::Indexed { bits: 8 }, nothing)?);
    add("webp-plain", "webp", image.save_webp(80, 2, nothing)?);
    add("webp-alpha", "webp", alpha.save_webp(80, 2, nothing)?);
    let lossless =
        Operation::new(c"webpsave_buffer").image(c"in", image).bool(c"lossless", true).int(c"effort", 1);
    add("webp-lossless", "webp", lossless.build()?.bytes(c"buffer")?);
    add("avif-plain", "avif", image.save_avif(60, 0, Subsample::On, nothing)?);
    add("gif-plain", "gif", image.save_gif(1, 1.0, nothing)?);
    add("bmp-plain", "bmp", bmp(image)?);
    // libvips' own numbers: without compression, and deflate
    for (kind, compression) in [("tiff-plain", 0), ("tiff-deflate", 2)] {
        let saved = Operation::new(c"tiffsave_buffer").image(c"in", image).int(c"compression", compression);
        add(kind, "tif", saved.build()?.bytes(c"buffer")?);
    }
    Ok(())
}

/// 24 bits per pixel, rows from the bottom padded to four bytes; the order of the channels does not change the cost.
fn bmp(image: &Image) -> Result<Bytes> {
    let (width, height) = (image.width(), image.height());
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend(b"\x01\0\x18\0");
    file.extend([0; 24]);
    let pixels = image.pixels()?;
    for row in pixels.chunks_exact(3 * width as usize) {
        file.extend(row);
        file.extend(std::iter::repeat_n(0, row.len().next_multiple_of(4) - row.len()));
    }
    Ok(file.into())
}

/// A window that moves over a photograph.
fn films(frames: u32, side: u32, made: &mut Vec<(String, Bytes)>) -> Result<()> {
    let photo = photograph("china.jpg", side * 2)?;
    let place = |index: u32| photo.extract_area(index * (side / frames.max(1)) / 2, 0, side, side);
    let parts = (0..frames).map(place).collect::<vips_ops::vips::Result<Vec<_>>>()?;
    let stack = Image::stack(&parts.iter().collect::<Vec<_>>())?.edit(|edit| {
        edit.set_int(c"page-height", side as i32);
        edit.set_int(c"n-pages", frames as i32);
    })?;
    made.push((format!("gif-film-{frames}-{side}.gif"), stack.save_gif(1, 1.0, Keep::Nothing)?));
    made.push((format!("webp-film-{frames}-{side}.webp"), stack.save_webp(80, 1, Keep::Nothing)?));
    Ok(())
}

/// SVGs with many elements, and with filters.
fn svg_documents() -> Vec<(String, String)> {
    let mut elements = String::new();
    for index in 0..3000 {
        let (x, y) = (index * 37 % 800, index * 91 % 600);
        let _ = write!(
            elements,
            "<circle cx='{x}' cy='{y}' r='{}' fill='#{:03x}'/>",
            5 + index % 40,
            index % 4096
        );
    }
    let filtered = |primitives: &str, times: usize| {
        let uses = "<rect width='100%' height='100%' fill='red' filter='url(#f)'/>".repeat(times);
        format!("<filter id='f' x='0' y='0' width='1' height='1'>{primitives}</filter>{uses}")
    };
    let inside = [
        ("elements", elements),
        ("blur", filtered("<feGaussianBlur stdDeviation='8'/>", 1)),
        (
            "blurs",
            filtered("<feGaussianBlur stdDeviation='8'/><feOffset dx='3'/><feBlend in2='SourceGraphic'/>", 4),
        ),
        ("turbulence", filtered("<feTurbulence baseFrequency='0.05' numOctaves='4'/>", 1)),
        ("octaves", filtered("<feTurbulence baseFrequency='0.05' numOctaves='8'/>", 3)),
        ("morphology", filtered("<feMorphology operator='dilate' radius='4'/>", 1)),
        ("far", filtered("<feMorphology operator='dilate' radius='20'/>", 1)),
    ];
    let whole = |(name, inside): (&str, String)| {
        let root = "<svg xmlns='http://www.w3.org/2000/svg' width='800' height='600'>";
        (name.to_owned(), format!("{root}{inside}</svg>"))
    };
    inside.into_iter().map(whole).collect()
}
