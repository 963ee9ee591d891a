//! A deadline or a cancellation ends a computation.

use std::time::Duration;

use vips::{Deadline, Image};

use crate::gradient;

/// Work of many tiles, long enough to be interrupted between two of them.
fn costly(image: &Image) -> Image {
    image.gaussblur(20.0).unwrap()
}

#[test]
fn a_passed_deadline_ends_the_computation() {
    let image = gradient(3000, 3000).edit(|_| ()).unwrap();
    image.watch(&Deadline::after(Duration::ZERO));
    assert!(costly(&image).pixels().is_err());
}

#[test]
fn cancelling_ends_the_computation() {
    let image = gradient(3000, 3000).edit(|_| ()).unwrap();
    let deadline = Deadline::never();
    image.watch(&deadline);
    assert!(!deadline.passed());
    deadline.clone().cancel();
    assert!(costly(&image).pixels().is_err());
}

#[test]
fn a_future_deadline_has_no_effect() {
    let image = gradient(64, 64).edit(|_| ()).unwrap();
    image.watch(&Deadline::after(Duration::from_hours(1)));
    assert_eq!(costly(&image).pixels().unwrap().len(), 64 * 64 * 3);
}
