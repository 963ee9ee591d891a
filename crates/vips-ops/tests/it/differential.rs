//! Sizes, positions and colours compared with sharp, whose outputs for the requests are in
//! `tests/reference/sharp/cases.json` (made by `make.mjs` in the same folder). [`tolerance`] and [`ROUNDED_OTHERWISE`]
//! are the intended differences.

use serde_json::Value;
use testkit::{Picture, sample};

use crate::picture;

/// Cells per row and per column over which colours are averaged.
const CELLS: usize = 4;

/// How many sizes may differ by a pixel on the side that the request leaves free. sharp computes it from a JPEG whose
/// sides shrink-on-load has rounded already, or rounds half down; Pixmill rounds half up from the original size.
const ROUNDED_OTHERWISE: usize = 7;

/// The largest difference of a cell's mean, in 8-bit levels. Both resample with libvips, but from images that decoders
/// may have scaled down differently.
fn tolerance(source: &str, query: &str) -> f64 {
    match (source, query) {
        // untagged CMYK by the same profile, but relative colorimetric with black point compensation here, perceptual
        // in sharp
        ("astronaut-cmyk.jpg", _) => 10.0,
        // the crop is centred to a fraction of a pixel here, to a whole pixel in sharp
        (_, query) if query.contains("crop=fit") => 8.0,
        _ => 4.0,
    }
}

/// Mean colours with their alpha, per cell, as computed by `make.mjs`.
fn cells(picture: &Picture) -> Vec<[f64; 4]> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut sums = vec![([0.0; 4], 0.0); CELLS * CELLS];
    for (number, pixel) in picture.rgba.chunks_exact(4).enumerate() {
        let (x, y) = (number % width, number / width);
        let (sum, pixels) = &mut sums[y * CELLS / height * CELLS + x * CELLS / width];
        let alpha = f64::from(pixel[3]);
        for band in 0..3 {
            sum[band] += f64::from(pixel[band]) * alpha / 255.0;
        }
        sum[3] += alpha;
        *pixels += 1.0;
    }
    sums.into_iter().map(|(sum, pixels)| sum.map(|value| value / f64::max(pixels, 1.0))).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

/// The largest difference between the cells of an output and those of the case.
fn colour_difference(answer: &Picture, case: &Value) -> f64 {
    let expected = case.as_array().unwrap();
    let pairs = cells(answer).into_iter().zip(expected);
    pairs
        .flat_map(|(found, expected)| (0..4).map(move |band| (found[band] - number(&expected[band])).abs()))
        .fold(0.0, f64::max)
}

/// A difference from sharp.
enum Difference {
    /// The free side differs by one pixel.
    Rounding,
    /// Anything else.
    Other(String),
}

fn compare(case: &Value) -> Option<Difference> {
    let (source, query) = (case["source"].as_str().unwrap(), case["query"].as_str().unwrap());
    let answer = picture(&sample(source), &format!("{query}&format=png"));
    let (width, height) = (i64::from(answer.width), i64::from(answer.height));
    let off = [(width, &case["width"]), (height, &case["height"])]
        .map(|(found, expected)| (found - expected.as_i64().unwrap()).abs());
    if off != [0, 0] {
        let one_side = off.iter().sum::<i64>() == 1 && !query.contains("crop");
        let found =
            format!("{source}?{query}: {width} × {height} for {} × {}", case["width"], case["height"]);
        return Some(if one_side { Difference::Rounding } else { Difference::Other(found) });
    }
    let difference = case.get("cells").map_or(0.0, |cells| colour_difference(&answer, cells));
    (difference > tolerance(source, query))
        .then(|| Difference::Other(format!("{source}?{query}: colours differ by {difference:.1}")))
}

#[test]
fn sizes_positions_and_colours_match_sharp() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../reference/sharp/cases.json")).expect("cases are JSON");
    let (mut rounded, mut others) = (0, Vec::new());
    for difference in cases.iter().filter_map(compare) {
        match difference {
            Difference::Rounding => rounded += 1,
            Difference::Other(text) => others.push(text),
        }
    }
    assert!(cases.len() > 1000 && others.is_empty(), "{} differ:\n{}", others.len(), others.join("\n"));
    assert_eq!(rounded, ROUNDED_OTHERWISE);
}
