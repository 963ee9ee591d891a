//! Moving pictures keep moving.

use testkit::{Picture, sample};
use vips_ops::vips;
use vips_ops::{
    Accept, Error, Settings,
    settings::{Animation, Limits, OverBudget},
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
fn frames_delays_and_loop_survive_everything() {
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
    // frames of one colour each stay of one colour
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
fn over_the_budget_the_policy_decides() {
    let limits = Limits { max_frames: 5, ..Limits::default() };
    let first = Settings { limits: limits.clone(), ..Settings::default() };
    let answer = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &first).unwrap();
    assert_eq!(Picture::decode(&answer.bytes).frames, 1);
    let strict =
        Settings { limits, animation: Animation { over_budget: OverBudget::Error }, ..Settings::default() };
    let refused = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &strict);
    assert!(matches!(refused, Err(Error::OverLimit { what: "the number of frames", actual: 12, limit: 5 })));
    let pixels = Limits { max_animation_pixels: 100_000, ..Limits::default() };
    let few = Settings { limits: pixels, ..Settings::default() };
    let answer = ask_with(&sample("mill.gif"), "width=20", Accept::default(), &few).unwrap();
    assert_eq!(Picture::decode(&answer.bytes).frames, 1);
}
