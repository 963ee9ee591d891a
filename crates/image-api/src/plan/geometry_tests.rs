//! Tables and properties of the geometry solver.

use proptest::prelude::*;

use super::*;

const WIDE: Size = Size { width: 200, height: 100 };

fn request(
    content: Size,
    width: impl Into<Option<u32>>,
    height: impl Into<Option<u32>>,
    crop: Option<Crop>,
) -> Request {
    Request {
        content: content.into(),
        degrees: 0.0,
        width: width.into(),
        height: height.into(),
        crop,
        enlarge: Enlarge::Allowed,
    }
}

fn answer(request: &Request) -> (u32, u32) {
    let size = solve(request).unwrap().size();
    (size.width, size.height)
}

#[test]
fn boxes() {
    for (width, height, crop, expected) in [
        (None, None, None, (200, 100)),
        (Some(50), None, None, (50, 25)),
        (None, Some(50), None, (100, 50)),
        (Some(50), Some(50), None, (50, 25)),
        (Some(50), Some(20), None, (40, 20)),
        (Some(300), Some(300), None, (300, 150)),
        (Some(50), Some(50), Some(Crop::Fit), (50, 50)),
        (Some(50), Some(50), Some(Crop::Top), (50, 50)),
        (Some(50), Some(50), Some(Crop::Pad), (50, 50)),
        (Some(50), Some(70), Some(Crop::Stretch), (50, 70)),
        (Some(50), None, Some(Crop::Stretch), (50, 25)),
        (None, Some(50), Some(Crop::Pad), (100, 50)),
        (Some(50), None, Some(Crop::Fit), (50, 25)),
        (Some(60), Some(60), Some(Crop::Entropy), (60, 60)),
        (None, None, Some(Crop::Zoom), (200, 100)),
        (Some(1), None, None, (1, 1)),
    ] {
        assert_eq!(answer(&request(WIDE, width, height, crop)), expected, "{width:?} {height:?} {crop:?}");
    }
    let portrait = Size { width: 550, height: 740 };
    assert_eq!(answer(&request(portrait, 300, None, None)), (300, 404));
    assert_eq!(answer(&request(portrait, 300, 300, None)), (223, 300));
}

#[test]
fn covers_are_cropped_at_the_right_edge() {
    let tall = Size { width: 100, height: 300 };
    let top = |crop| match solve(&request(tall, 100, 100, Some(crop))).unwrap().window {
        Some(Window::Fixed(rect)) => rect.top,
        other => panic!("{other:?}"),
    };
    assert_eq!((top(Crop::Top), top(Crop::Fit), top(Crop::Bottom)), (0, 100, 200));
    let interesting = solve(&request(tall, 50, 50, Some(Crop::Face))).unwrap().window;
    assert_eq!(interesting, Some(Window::Interesting(Size { width: 50, height: 50 })));
}

#[test]
fn regions() {
    let region = |x, y, width, height| Some(Crop::Region(Region { x, y, width, height }));
    let at = Place::At;
    let found = |crop| match solve(&request(WIDE, None, None, crop)).map(|geometry| geometry.window) {
        Ok(Some(Window::Fixed(rect))) => Some((rect.left, rect.top, rect.width, rect.height)),
        Ok(None) => Some((0, 0, 200, 100)),
        _ => None,
    };
    for (crop, expected) in [
        (region(at(10), at(20), 30, 40), Some((10, 20, 30, 40))),
        (region(at(150), at(50), 100, 100), Some((150, 50, 50, 50))),
        (region(at(-10), at(-5), 30, 40), Some((0, 0, 20, 35))),
        (region(Place::Center, at(0), 50, 20), Some((75, 0, 50, 20))),
        (region(Place::Center, Place::Center, 300, 300), Some((0, 0, 200, 100))),
        (region(at(200), at(0), 5, 5), None),
        (region(at(-5), at(0), 5, 5), None),
    ] {
        assert_eq!(found(crop), expected, "{crop:?}");
    }
}

#[test]
fn free_rotations_grow_the_canvas() {
    let picture = Size { width: 600, height: 450 };
    let turned = Request { degrees: 45.0, ..request(picture, None, None, None) };
    assert_eq!(answer(&turned), (742, 742));
    let small = Request { degrees: 45.0, ..request(picture, 100, None, None) };
    let geometry = solve(&small).unwrap();
    assert_eq!(
        (geometry.size(), geometry.scaled),
        (Size { width: 100, height: 100 }, Size { width: 81, height: 61 })
    );
}

#[test]
fn zoom_keeps_the_size() {
    let picture = Size { width: 640, height: 427 };
    let geometry =
        solve(&Request { degrees: 10.0, ..request(picture, None, None, Some(Crop::Zoom)) }).unwrap();
    assert_eq!(geometry.size(), picture);
    assert!(geometry.scaled.width > picture.width);
    let small = solve(&Request { degrees: 10.0, ..request(picture, 320, None, Some(Crop::Zoom)) }).unwrap();
    assert_eq!(small.size().width, 320);
}

#[test]
fn without_enlarging() {
    for (width, height, crop, expected) in [
        (None, None, None, (200, 100)),
        (Some(150), None, None, (150, 75)),
        (Some(200), None, None, (200, 100)),
        (Some(201), None, None, (200, 100)),
        (None, Some(3840), None, (200, 100)),
        (Some(3840), Some(90), None, (180, 90)),
        (Some(3840), Some(2160), None, (200, 100)),
        (Some(3840), Some(2160), Some(Crop::Fit), (178, 100)),
        (Some(3840), Some(3840), Some(Crop::Top), (100, 100)),
        (Some(3840), Some(10), Some(Crop::Bottom), (200, 1)),
        (Some(400), Some(100), Some(Crop::Entropy), (200, 50)),
        (Some(150), Some(100), Some(Crop::Face), (150, 100)),
        (Some(300), Some(300), Some(Crop::Stretch), (100, 100)),
        (Some(200), Some(100), Some(Crop::Stretch), (200, 100)),
        (Some(300), Some(300), Some(Crop::Pad), (300, 300)),
        (Some(300), Some(50), Some(Crop::Pad), (300, 50)),
    ] {
        let small = Request { enlarge: Enlarge::Never, ..request(WIDE, width, height, crop) };
        assert_eq!(answer(&small), expected, "{width:?} {height:?} {crop:?}");
    }
    let never = |degrees, width: Option<u32>, crop| {
        let request = Request { degrees, enlarge: Enlarge::Never, ..request(WIDE, width, None, crop) };
        solve(&request).unwrap()
    };
    let padded =
        solve(&Request { enlarge: Enlarge::Never, ..request(WIDE, 300, 300, Some(Crop::Pad)) }).unwrap();
    let canvas = Canvas { size: Size { width: 300, height: 300 }, left: 50, top: 100 };
    assert_eq!((padded.scaled, padded.canvas), (WIDE, Some(canvas)));
    assert_eq!(never(30.0, Some(9000), None).scaled, WIDE);
    let zoomed = never(30.0, None, Some(Crop::Zoom));
    assert!(zoomed.scaled.height <= 101 && zoomed.size().width < 200, "{zoomed:?}");
    assert_eq!(never(30.0, Some(9000), Some(Crop::Zoom)), zoomed);
    // a pixel of the output is more than a thousand times the ideal height of the line
    let line = request(Size { width: 2000, height: 1 }, None, None, Some(Crop::Zoom));
    let line = solve(&Request { degrees: 45.0, enlarge: Enlarge::Never, ..line }).unwrap();
    assert_eq!(line.scaled, Size { width: 1415, height: 1 });
}

#[test]
fn regions_are_scaled_down_without_upscaling() {
    let region = Crop::Region(Region { x: Place::At(100), y: Place::Center, width: 200, height: 50 });
    let asked = request(WIDE, 1000, None, Some(region));
    let window = |enlarge| solve(&Request { enlarge, ..asked }).unwrap().window;
    let rect = |left, top, width, height| Some(Window::Fixed(Rect { left, top, width, height }));
    assert_eq!(window(Enlarge::Allowed), rect(100, 225, 200, 50));
    assert_eq!(window(Enlarge::Never), rect(20, 45, 40, 10));
}

fn crops() -> impl Strategy<Value = Option<Crop>> {
    prop::sample::select(vec![
        None,
        Some(Crop::Fit),
        Some(Crop::Top),
        Some(Crop::Bottom),
        Some(Crop::Pad),
        Some(Crop::Stretch),
        Some(Crop::Zoom),
        Some(Crop::Face),
        Some(Crop::Entropy),
    ])
}

fn side_or_none() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(1..3000u32)
}

proptest! {
    #[test]
    fn every_output_has_pixels(
        width in 1..20_000u32, height in 1..20_000u32, w in side_or_none(), h in side_or_none(), crop in crops(),
        degrees in prop::sample::select(vec![0.0, 0.5, 10.0, -33.0, 45.0]),
    ) {
        let content = Size { width, height };
        let geometry = solve(&Request { degrees, ..request(content, w, h, crop) }).unwrap();
        let size = geometry.size();
        prop_assert!(size.width >= 1 && size.height >= 1);
        let exact = matches!(crop, Some(Crop::Fit | Crop::Top | Crop::Bottom | Crop::Pad | Crop::Stretch));
        if let (Some(w), Some(h)) = (w, h) {
            if exact {
                prop_assert_eq!(size, Size { width: w, height: h });
            } else if crop.is_none() {
                prop_assert!(size.width <= w && size.height <= h && (size.width == w || size.height == h));
            }
        }
        if let Some(Window::Fixed(rect)) = geometry.window {
            let whole = geometry.turned.unwrap_or(geometry.scaled);
            prop_assert!(rect.left + rect.width <= whole.width && rect.top + rect.height <= whole.height);
        }
        if let Some(canvas) = geometry.canvas {
            let whole = geometry.turned.unwrap_or(geometry.scaled);
            prop_assert!(canvas.left + whole.width <= canvas.size.width);
            prop_assert!(canvas.top + whole.height <= canvas.size.height);
        }
    }

    #[test]
    fn nothing_is_upscaled_if_disabled(
        width in 1..2000u32, height in 1..2000u32, w in side_or_none(), h in side_or_none(), crop in crops(),
        degrees in prop::sample::select(vec![0.0, 0.5, 10.0, -33.0, 45.0]),
    ) {
        let request = Request { degrees, ..request(Size { width, height }, w, h, crop) };
        let (free, kept) = (solve(&request).unwrap(), solve(&Request { enlarge: Enlarge::Never, ..request }).unwrap());
        prop_assert!(kept.scaled.width <= width && kept.scaled.height <= height, "{kept:?}");
        let (free, kept_size) = (free.size(), kept.size());
        prop_assert!(kept_size.width <= free.width && kept_size.height <= free.height);
        if let (Some(w), Some(h), Some(Crop::Fit | Crop::Top | Crop::Bottom | Crop::Stretch)) = (w, h, crop) {
            // the aspect ratio is kept, to the nearest pixel
            let factor = f64::from(kept_size.width) / f64::from(w);
            let other = f64::from(kept_size.height) / f64::from(h);
            let near = |length: u32, factor: f64, own: u32| (f64::from(length) * factor - f64::from(own)).abs() <= 0.5 + factor.max(1.0);
            prop_assert!(near(h, factor, kept_size.height) || near(w, other, kept_size.width), "{kept_size}");
        }
    }

    #[test]
    fn the_aspect_ratio_is_kept_to_the_pixel(width in 1..5000u32, height in 1..5000u32, w in 1..3000u32) {
        let size = solve(&request(Size { width, height }, w, None, None)).unwrap().size();
        let exact = f64::from(height) * f64::from(w) / f64::from(width);
        prop_assert!((f64::from(size.height) - exact).abs() <= 0.5 || size.height == 1);
    }

    #[test]
    fn zoom_leaves_no_blank_corner(
        width in 20..3000u32, height in 20..3000u32, degrees in -45.0..45.0f64,
    ) {
        prop_assume!(degrees.abs() > 0.1);
        let content = Size { width, height };
        let geometry = solve(&Request { degrees, ..request(content, None, None, Some(Crop::Zoom)) }).unwrap();
        let size = geometry.size();
        let (sine, cosine) = degrees.abs().to_radians().sin_cos();
        let (wide, high) = (f64::from(size.width), f64::from(size.height));
        // rotated back, the corners of the output lie on the scaled image, except for rounding
        prop_assert!(wide * cosine + high * sine <= f64::from(geometry.scaled.width) + 1.5);
        prop_assert!(wide * sine + high * cosine <= f64::from(geometry.scaled.height) + 1.5);
    }
}
