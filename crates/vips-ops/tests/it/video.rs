//! `format=mp4`: videos of animations.

use bytes::Bytes;
use image_api::{Accept, OutputFormat, Settings, size::Size};
use testkit::{Picture, Video, sample};
use vips_ops::{
    Error, encode,
    overlay::Assets,
    vips::{Deadline, Image, Interpretation, Keep},
};

use crate::{ask, ask_with, picture};

/// Frames of one colour each.
fn flat(colours: &[[u8; 3]], side: u32, delays: &[i32]) -> Bytes {
    crate::start();
    let pixels: Vec<u8> = colours.iter().flat_map(|colour| colour.repeat((side * side) as usize)).collect();
    let stack = Image::from_pixels(&pixels, side, side * colours.len() as u32, 3).unwrap();
    let stack = stack.interpret(Interpretation::Srgb).unwrap();
    let stack = stack.edit(|edit| {
        edit.set_int(c"page-height", side as i32);
        edit.set_ints(c"delay", delays);
    });
    stack.unwrap().save_webp(100, 0, Keep::All).unwrap()
}

#[test]
fn a_film_shows_what_the_animation_shows() {
    for source in ["mill.gif", "mill.webp"] {
        let answer = ask(&sample(source), "width=120&format=mp4").unwrap();
        assert_eq!(answer.format, OutputFormat::Mp4, "{source}");
        let film = Video::open(&answer.bytes);
        assert!(film.starts_fast, "{source}");
        assert_eq!((film.width, film.height), (answer.size.width, answer.size.height), "{source}");
        assert_eq!(film.durations.len(), 12, "{source}");
        let expected = picture(&sample(source), "width=120&format=webp&quality=100&flatten");
        let difference = film.picture().difference(&expected);
        assert!(difference.mean < 3.0, "{source}: {difference:?}");
    }
}

#[test]
fn delays_are_the_frames_durations() {
    let colours = [[200, 30, 30], [30, 200, 30], [30, 30, 200], [9, 9, 9]];
    let film = Video::open(&ask(&flat(&colours, 32, &[20, 0, 10, 1234]), "format=mp4").unwrap().bytes);
    assert_eq!(film.durations, [20, 100, 100, 1234]);
    let shown = film.picture();
    for (frame, colour) in (0..).zip(colours) {
        let pixel = shown.at(16, frame * 32 + 16);
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 6), "{pixel:?} for {colour:?}");
    }
}

#[test]
fn frames_that_are_alike_stay_frames() {
    crate::start();
    let grey =
        Image::from_pixels(&[90; 32 * 16], 32, 16, 1).unwrap().interpret(Interpretation::Grey).unwrap();
    let mut film = encode::mp4::VideoEncoder::new(Size { width: 32, height: 16 }, 20).unwrap();
    for milliseconds in [40, 50, 60] {
        film.add(&grey, milliseconds).unwrap();
    }
    let film = Video::open(&film.finish().unwrap());
    assert_eq!(film.durations, [40, 50, 60]);
    assert!(film.picture().rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(90) < 3));
}

#[test]
fn sides_are_even() {
    for (query, size) in
        [("width=61&height=45&crop=fit", (60, 44)), ("width=60&height=46&crop=fit", (60, 46))]
    {
        let answer = ask(&sample("mill.gif"), &format!("{query}&format=mp4")).unwrap();
        let film = Video::open(&answer.bytes);
        assert_eq!((film.width, film.height), size, "{query}");
        assert_eq!((answer.size.width, answer.size.height), size, "{query}");
        assert_eq!(film.picture().width, size.0, "{query}");
    }
}

#[test]
fn what_the_encoder_cannot_take_is_an_error() {
    for query in
        ["width=10&height=40&crop=fit", "width=3842&height=20&crop=fit", "width=2200&height=2200&crop=fit"]
    {
        let refused = ask(&sample("mill.gif"), &format!("{query}&format=mp4"));
        assert!(matches!(refused, Err(Error::OverLimit(_))), "{query}");
    }
}

#[test]
fn what_was_transparent_shows_the_colour_of_the_padding() {
    let corner =
        |query: &str| Video::open(&ask(&sample("mill.gif"), query).unwrap().bytes).picture().at(1, 1);
    for (query, colour) in [("", [255; 3]), ("&pad_color=blue", [0, 0, 255])] {
        let pixel = corner(&format!("width=80&format=mp4{query}"));
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 8), "{query}: {pixel:?}");
    }
}

#[test]
fn a_still_has_its_own_format() {
    for (source, format) in [("chelsea.png", OutputFormat::Png), ("china.jpg", OutputFormat::Jpeg)] {
        assert_eq!(ask(&sample(source), "width=30&format=mp4").unwrap().format, format, "{source}");
    }
}

#[test]
fn a_film_is_described_as_what_it_is() {
    for query in ["width=60&format=mp4", "width=60&format=mp4&filter=sepia"] {
        let film = ask(&sample("mill.gif"), query).unwrap();
        let said = crate::answer(&sample("mill.gif"), &format!("{query}&meta=true&face=true")).unwrap();
        let said: serde_json::Value = serde_json::from_slice(&said.bytes).unwrap();
        assert_eq!((&said["width"], &said["height"]), (&film.size.width.into(), &film.size.height.into()));
        assert_eq!((&said["fileType"], &said["mimeType"]), (&"mp4".into(), &"video/mp4".into()));
        assert_eq!(said["fileSize"], film.bytes.len());
        let frames = Video::open(&film.bytes).picture().frames;
        assert_eq!(said["frames"], frames);
        assert!(said["duration"].as_f64().unwrap() > 0.02 * f64::from(frames), "{said}");
        assert!(said["dominateColor"].is_string() && said["faces"] == serde_json::json!([]), "{said}");
    }
    let still = crate::answer(&sample("chelsea.png"), "width=60&format=mp4&meta=true").unwrap();
    assert!(str::from_utf8(&still.bytes).unwrap().contains("image/png"));
}

#[test]
fn auto_never_takes_it_and_quality_weighs() {
    let all = Accept { avif: true, webp: true };
    let auto = ask_with(&sample("mill.gif"), "format=auto", all, &Settings::default()).unwrap();
    assert_eq!(auto.format, OutputFormat::Webp);
    let bytes = |quality: u8| {
        ask(&sample("mill.gif"), &format!("width=120&format=mp4&quality={quality}")).unwrap().bytes.len()
    };
    assert!(bytes(20) < bytes(60) && bytes(60) < bytes(95));
}

#[test]
fn a_film_ends_at_its_deadline() {
    crate::start();
    let deadline = Deadline::never();
    deadline.cancel();
    let params = image_api::Params::parse("width=60&format=mp4").unwrap().params;
    let settings = Settings::default();
    let ended = vips_ops::process(
        &params,
        &sample("mill.gif"),
        &Assets::default(),
        Accept::default(),
        &settings,
        &deadline,
        &mut |_| (),
    );
    assert!(matches!(ended, Err(Error::Deadline)));
}

#[test]
fn films_are_the_same_every_time() {
    let ask = || ask(&sample("mill.gif"), "width=90&format=mp4&rotate=90&filter=sepia").unwrap().bytes;
    let first = ask();
    assert_eq!(first, ask());
    assert_eq!(Picture::decode(&first).frames, 12);
}
