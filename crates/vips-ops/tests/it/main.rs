//! Tests of parameters on real images: plans, golden files, formats, broken originals.
#![expect(clippy::unwrap_used, reason = "tests")]

mod animation;
mod avif_geometry;
mod broken;
mod browser;
mod budgets;
mod codecs;
mod colour;
mod colour_signalling;
mod containers;
mod cost;
mod cover_crops;
mod describe;
mod differential;
mod embedded_metadata;
mod faces;
mod formats;
mod golden;
mod jpeg;
mod memory;
mod never_larger;
mod orientation;
mod overlays;
mod plans;
mod png;
mod png_palette;
mod positions;
mod quality;
mod resampler;
mod shared_decode;
mod size;
mod svg;
mod tone;
mod trim;
mod video;
mod zoom;

use bytes::Bytes;
use image_api::{Accept, Params, Settings, params::value::url::Url, settings::Codecs};
use testkit::{Picture, sample};
use vips_ops::{
    Answer, Assets, Encoded, Error,
    overlay::links,
    process,
    vips::{self, Deadline},
};

/// Starts libvips.
pub fn start() {
    vips::Vips::start(vips::Settings::default()).unwrap();
}

/// The response to a request on an original.
pub fn ask(original: &Bytes, query: &str) -> Result<Encoded, Error> {
    ask_with(original, query, Accept::default(), &Settings::default())
}

/// As [`ask`], with an `Accept` header and an operator's settings.
pub fn ask_with(
    original: &Bytes,
    query: &str,
    accept: Accept,
    settings: &Settings,
) -> Result<Encoded, Error> {
    start();
    let params = Params::parse(query).unwrap().params;
    let assets = samples_for(&params, settings)?;
    process(&params, original, &assets, accept, settings, &Deadline::never(), &mut |_| ())
}

/// The overlays of a request: sample images, processed by the parameters in their URLs.
fn samples_for(params: &Params, settings: &Settings) -> Result<Assets, Error> {
    let mut assets = Assets::default();
    for link in links(params, &settings.limits)? {
        let Url::Relative { path, .. } = &link.url else { panic!("{link:?} is not a sample") };
        let original = sample(path.trim_start_matches('/'));
        let bytes = if link.params.is_empty() {
            original
        } else {
            let own = samples_for(&link.params, settings)?;
            let never = Deadline::never();
            process(&link.params, &original, &own, Accept::default(), settings, &never, &mut |_| ())?.bytes
        };
        assets.insert(link.url, bytes);
    }
    Ok(assets)
}

/// The response to a request on an original, whether it is an image or a description.
pub fn answer(original: &Bytes, query: &str) -> Result<Answer, Error> {
    start();
    let params = Params::parse(query).unwrap().params;
    let (settings, deadline) = (Settings::default(), Deadline::never());
    let assets = samples_for(&params, &settings)?;
    vips_ops::answer(&params, original, &assets, Accept::default(), &settings, &deadline, &mut |_| ())
}

/// The decoded output image.
pub fn picture(original: &Bytes, query: &str) -> Picture {
    Picture::decode(&ask(original, query).unwrap_or_else(|error| panic!("{query}: {error}")).bytes)
}

/// As [`picture`], scaled by libvips alone.
pub fn picture_scaled_by_libvips(original: &Bytes, query: &str) -> Picture {
    let codecs = Codecs { fast_image_resize: false, ..Codecs::default() };
    let settings = Settings { codecs, ..Settings::default() };
    let answer = ask_with(original, query, Accept::default(), &settings);
    Picture::decode(&answer.unwrap_or_else(|error| panic!("{query}: {error}")).bytes)
}
