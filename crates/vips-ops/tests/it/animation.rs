//! Animations stay animations: frames, delays, loop count and transparency are kept.

use image_api::{
    Accept, OutputFormat, Settings,
    settings::{Animation, Limits, OverBudget},
};
use testkit::{Picture, sample};
use vips_ops::vips;
use vips_ops::{
    Error,
    vips::{Access, Image, Loader},
};

use crate::{ask, ask_with};

fn load(bytes: &bytes::Bytes) -> Image {
    crate::start();
    let loader =
        if bytes[0] == b'G' { Loader::Gif { frames: 1 } } else { Loader::Webp { scale: 1.0, frames: 1 } };
    Image::load(bytes, &loader, Access::Random).unwrap()
}

#[test]
fn frames_delays_and_loop_count_are_kept() {
    for source in ["mill.gif", "mill.webp"] {
        let original = load(&sample(source));
        for query in [
            "width=60",
            "width=60&height=30&crop=fit",
            "rotate=90",
            "rotate=20&pad_color=0000&width=80",
            "flip=true",
            "crop=10,10,50,70",
            "pad=4&pad_color=red",
            "crop=entropy&width=40&height=30",
            "blur=4",
            "format=webp",
            "format=gif",
            "trim=color&trim_color=0000",
        ] {
            let answer =
                ask(&sample(source), query).unwrap_or_else(|error| panic!("{source} {query}: {error}"));
            let picture = Picture::decode(&answer.bytes);
            assert_eq!(picture.frames, 12, "{source} {query}");
            assert_eq!(
                (picture.width, picture.height / 12),
                (answer.size.width, answer.size.height),
                "{source} {query}"
            );
            let moved = load(&answer.bytes);
            assert_eq!(moved.ints(c"delay"), original.ints(c"delay"), "{source} {query}");
            assert_eq!(moved.int(c"loop"), original.int(c"loop"), "{source} {query}");
        }
    }
}

#[test]
fn a_still_format_takes_the_first_frame() {
    for (source, query) in
        [("mill.gif", "format=png"), ("mill.webp", "format=jpeg"), ("mill.gif", "format=avif")]
    {
        assert_eq!(
            Picture::decode(&ask(&sample(source), query).unwrap().bytes).frames,
            1,
            "{source} {query}"
        );
    }
}

#[test]
fn no_frame_bleeds_into_the_next() {
    // frames that are each of one colour stay so
    let red = [255, 0, 0].repeat(16 * 16);
    let blue = [0, 0, 255].repeat(16 * 16);
    let stack = Image::from_pixels(&[red.clone(), blue, red].concat(), 16, 48, 3).unwrap();
    let stack = stack.interpret(vips::Interpretation::Srgb).unwrap();
    let stack = stack
        .edit(|edit| {
            edit.set_int(c"page-height", 16);
            edit.set_ints(c"delay", &[50, 60, 70]);
        })
        .unwrap();
    let gif = stack.save_gif(1, 0.0, vips::Keep::All).unwrap();
    for query in ["width=37&format=webp&quality=100", "width=7&format=gif", "blur=10&format=gif"] {
        let answer = Picture::decode(&ask(&gif, query).unwrap().bytes);
        let height = answer.height / 3;
        for (frame, blue) in [(0, false), (1, true), (2, false)] {
            for y in [0, height / 2, height - 1] {
                let pixel = answer.at(answer.width / 2, frame * height + y);
                let expected = if blue { [0, 0, 255] } else { [255, 0, 0] };
                assert!(
                    pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 24),
                    "{query} frame {frame}: {pixel:?}"
                );
            }
        }
    }
}

#[test]
fn an_animation_over_its_budget_follows_the_policy() {
    let limits = Limits { max_frames: 5, ..Limits::default() };
    let first = Settings { limits: limits.clone(), ..Settings::default() };
    let answer = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &first).unwrap();
    assert_eq!(Picture::decode(&answer.bytes).frames, 1);
    let strict =
        Settings { limits, animation: Animation { over_budget: OverBudget::Error }, ..Settings::default() };
    let refused = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &strict);
    assert!(matches!(
        refused,
        Err(Error::OverLimit(image_api::error::OverLimit {
            what: "the frames of the animation",
            actual: 12,
            limit: 5,
            ..
        }))
    ));
    // a still output needs only one frame
    let still = ask_with(&sample("mill.gif"), "width=20&format=png", Accept::default(), &strict).unwrap();
    assert_eq!(Picture::decode(&still.bytes).frames, 1);
    let pixels = Limits { max_animation_pixels: 100_000, ..Limits::default() };
    let few = Settings { limits: pixels, ..Settings::default() };
    let answer = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &few).unwrap();
    assert_eq!(Picture::decode(&answer.bytes).frames, 1);
}

#[test]
fn an_animation_over_its_budget_can_be_passed_through() {
    let settings = Settings {
        limits: Limits { max_frames: 5, ..Limits::default() },
        animation: Animation { over_budget: OverBudget::PassThrough },
        ..Settings::default()
    };
    for (source, format, query) in [
        ("mill.gif", OutputFormat::Gif, "width=20"),
        ("mill.gif", OutputFormat::Gif, "format=webp"),
        ("mill.webp", OutputFormat::Webp, "format=gif&blur=3"),
        ("mill.webp", OutputFormat::Webp, "width=60&format=mp4"),
    ] {
        let original = sample(source);
        let answer = ask_with(&original, query, Accept::default(), &settings).unwrap();
        assert_eq!(
            (answer.bytes, answer.format, answer.size),
            (original, format, answer.original),
            "{query}"
        );
    }
    let still = ask_with(&sample("mill.gif"), "width=20&format=png", Accept::default(), &settings).unwrap();
    assert_eq!((still.format, still.size.width), (OutputFormat::Png, 20));
    let within = Settings { limits: Limits::default(), ..settings };
    let answer = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &within).unwrap();
    assert_eq!((Picture::decode(&answer.bytes).frames, answer.size.width), (12, 20));
}

#[test]
fn delays_survive_a_round_trip_between_formats() {
    let frames: Vec<u8> = (0..5u8).flat_map(|frame| vec![frame * 50; 24 * 24 * 3]).collect();
    let delays = [20, 30, 1000, 70, 250];
    let stack = Image::from_pixels(&frames, 24, 24 * 5, 3).unwrap();
    let stack = stack.interpret(vips::Interpretation::Srgb).unwrap();
    let stack = stack
        .edit(|edit| {
            edit.set_int(c"page-height", 24);
            edit.set_ints(c"delay", &delays);
            edit.set_int(c"loop", 3);
        })
        .unwrap();
    let gif = stack.save_gif(1, 0.0, vips::Keep::All).unwrap();
    let webp = ask(&gif, "format=webp&width=20").unwrap().bytes;
    let back = ask(&webp, "format=gif").unwrap().bytes;
    for answer in [&webp, &back] {
        let moved = load(answer);
        assert_eq!(moved.ints(c"delay").as_deref(), Some(&delays[..]));
        assert_eq!(moved.int(c"loop"), Some(3));
    }
}

#[test]
fn animations_keep_transparency() {
    let webp = Picture::decode(&ask(&sample("mill.gif"), "format=webp&width=60").unwrap().bytes);
    let gif = Picture::decode(&ask(&sample("mill.gif"), "width=60").unwrap().bytes);
    let clear = |picture: &Picture| picture.rgba.chunks_exact(4).filter(|pixel| pixel[3] < 128).count();
    let (webp, gif) = (clear(&webp), clear(&gif));
    assert!(gif > 0 && webp.abs_diff(gif) * 20 < gif, "{webp} and {gif} transparent pixels");
}

#[test]
fn a_gif_of_one_frame_is_a_still() {
    let still = ask(&sample("chelsea.png"), "width=40&format=gif").unwrap().bytes;
    for query in ["width=20", "width=20&format=mp4"] {
        let answer = ask(&still, query).unwrap();
        assert_eq!((answer.format, Picture::decode(&answer.bytes).frames), (OutputFormat::Gif, 1), "{query}");
    }
}
