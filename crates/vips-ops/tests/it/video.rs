//! `format=mp4`: animations as videos.

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
fn a_video_shows_the_frames_of_the_animation() {
    for source in ["mill.gif", "mill.webp"] {
        let answer = ask(&sample(source), "width=120&format=mp4").unwrap();
        assert_eq!(answer.format, OutputFormat::Mp4, "{source}");
        let video = Video::open(&answer.bytes);
        assert!(video.starts_fast, "{source}");
        assert_eq!((video.width, video.height), (answer.size.width, answer.size.height), "{source}");
        assert_eq!(video.durations.len(), 12, "{source}");
        let expected = picture(&sample(source), "width=120&format=webp&quality=100&flatten");
        let difference = video.picture().difference(&expected);
        assert!(difference.mean < 3.0, "{source}: {difference:?}");
    }
}

#[test]
fn delays_are_the_frames_durations() {
    let colours = [[200, 30, 30], [30, 200, 30], [30, 30, 200], [9, 9, 9]];
    let video = Video::open(&ask(&flat(&colours, 32, &[20, 0, 10, 1234]), "format=mp4").unwrap().bytes);
    assert_eq!(video.durations, [20, 100, 100, 1234]);
    let shown = video.picture();
    for (frame, colour) in (0..).zip(colours) {
        let pixel = shown.at(16, frame * 32 + 16);
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 6), "{pixel:?} for {colour:?}");
    }
}

#[test]
fn equal_frames_are_not_merged() {
    crate::start();
    let grey =
        Image::from_pixels(&[90; 32 * 16], 32, 16, 1).unwrap().interpret(Interpretation::Grey).unwrap();
    let mut video = encode::mp4::VideoEncoder::new(Size { width: 32, height: 16 }, 20).unwrap();
    for milliseconds in [40, 50, 60] {
        video.add(&grey, milliseconds).unwrap();
    }
    let video = Video::open(&video.finish().unwrap());
    assert_eq!(video.durations, [40, 50, 60]);
    assert!(video.picture().rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(90) < 3));
}

#[test]
fn sides_are_even() {
    for (query, size) in
        [("width=61&height=45&crop=fit", (60, 44)), ("width=60&height=46&crop=fit", (60, 46))]
    {
        let answer = ask(&sample("mill.gif"), &format!("{query}&format=mp4")).unwrap();
        let video = Video::open(&answer.bytes);
        assert_eq!((video.width, video.height), size, "{query}");
        assert_eq!((answer.size.width, answer.size.height), size, "{query}");
        assert_eq!(video.picture().width, size.0, "{query}");
    }
}

#[test]
fn sizes_that_the_encoder_does_not_support_are_refused() {
    for query in
        ["width=10&height=40&crop=fit", "width=3842&height=20&crop=fit", "width=2200&height=2200&crop=fit"]
    {
        let refused = ask(&sample("mill.gif"), &format!("{query}&format=mp4"));
        assert!(matches!(refused, Err(Error::OverLimit(_))), "{query}");
    }
}

#[test]
fn transparent_pixels_get_the_padding_colour() {
    let corner =
        |query: &str| Video::open(&ask(&sample("mill.gif"), query).unwrap().bytes).picture().at(1, 1);
    for (query, colour) in [("", [255; 3]), ("&pad_color=blue", [0, 0, 255])] {
        let pixel = corner(&format!("width=80&format=mp4{query}"));
        assert!(pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 8), "{query}: {pixel:?}");
    }
}

#[test]
fn a_still_keeps_its_own_format() {
    for (source, format) in [("chelsea.png", OutputFormat::Png), ("china.jpg", OutputFormat::Jpeg)] {
        assert_eq!(ask(&sample(source), "width=30&format=mp4").unwrap().format, format, "{source}");
    }
}

#[test]
fn a_video_is_described() {
    for query in ["width=60&format=mp4", "width=60&format=mp4&filter=sepia"] {
        let video = ask(&sample("mill.gif"), query).unwrap();
        let said = crate::answer(&sample("mill.gif"), &format!("{query}&meta=true&face=true")).unwrap();
        let said: serde_json::Value = serde_json::from_slice(&said.bytes).unwrap();
        assert_eq!((&said["width"], &said["height"]), (&video.size.width.into(), &video.size.height.into()));
        assert_eq!((&said["fileType"], &said["mimeType"]), (&"mp4".into(), &"video/mp4".into()));
        assert_eq!(said["fileSize"], video.bytes.len());
        let frames = Video::open(&video.bytes).picture().frames;
        assert_eq!(said["frames"], frames);
        assert!(said["duration"].as_f64().unwrap() > 0.02 * f64::from(frames), "{said}");
        assert!(said["dominateColor"].is_string() && said["faces"] == serde_json::json!([]), "{said}");
    }
    let still = crate::answer(&sample("chelsea.png"), "width=60&format=mp4&meta=true").unwrap();
    assert!(str::from_utf8(&still.bytes).unwrap().contains("image/png"));
}

#[test]
fn auto_never_selects_mp4_and_quality_changes_the_size() {
    let all = Accept { avif: true, webp: true };
    let auto = ask_with(&sample("mill.gif"), "format=auto", all, &Settings::default()).unwrap();
    assert_eq!(auto.format, OutputFormat::Webp);
    let bytes = |quality: u8| {
        ask(&sample("mill.gif"), &format!("width=120&format=mp4&quality={quality}")).unwrap().bytes.len()
    };
    assert!(bytes(20) < bytes(60) && bytes(60) < bytes(95));
}

#[test]
fn encoding_a_video_ends_at_the_deadline() {
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
fn videos_are_deterministic() {
    let ask = || ask(&sample("mill.gif"), "width=90&format=mp4&rotate=90&filter=sepia").unwrap().bytes;
    let first = ask();
    assert_eq!(first, ask());
    assert_eq!(Picture::decode(&first).frames, 12);
}
