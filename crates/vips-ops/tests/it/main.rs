//! Parameters on real pictures: plans, golden files, formats, broken originals.
#![expect(clippy::unwrap_used, reason = "tests")]

mod animation;
mod broken;
mod colour;
mod formats;
mod golden;
mod meta;
mod never_larger;
mod orientation;
mod plans;
mod size;
mod tone;

use bytes::Bytes;
use testkit::Picture;
use vips_ops::{Accept, Answer, Encoded, Error, Params, Settings, process, vips};

/// Starts libvips.
pub fn start() {
    vips::Vips::start(vips::Settings::default()).unwrap();
}

/// What a request answers over an original.
pub fn ask(original: &Bytes, query: &str) -> Result<Encoded, Error> {
    ask_with(original, query, Accept::default(), &Settings::default())
}

/// As [`ask`], for a client and an operator with wishes.
pub fn ask_with(
    original: &Bytes,
    query: &str,
    accept: Accept,
    settings: &Settings,
) -> Result<Encoded, Error> {
    start();
    let params = Params::parse(query).unwrap().params;
    process(&params, original, accept, settings, &vips::Deadline::never(), &mut |_| ())
}

/// What a request answers over an original, whether that is a picture or not.
pub fn answer(original: &Bytes, query: &str) -> Result<Answer, Error> {
    start();
    let params = Params::parse(query).unwrap().params;
    let (settings, deadline) = (Settings::default(), vips::Deadline::never());
    vips_ops::answer(&params, original, Accept::default(), &settings, &deadline, &mut |_| ())
}

/// The decoded answer.
pub fn picture(original: &Bytes, query: &str) -> Picture {
    Picture::decode(&ask(original, query).unwrap_or_else(|error| panic!("{query}: {error}")).bytes)
}
