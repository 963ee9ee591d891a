//! Every parameter: one file each, with one `mod` line and one line in the table below.

pub mod allowed_sizes;
pub mod control;
pub mod group;
pub mod hints;
pub mod policy;
pub mod preset;
pub mod refusal;
pub mod signature;
pub mod source;
pub mod spec;
mod table;
pub mod value;

use self::{
    spec::{Expected, Invalid, Param, Spec},
    table::param_table,
};
use crate::escape::escape;

pub mod size {
    //! Size of the output.
    pub mod dpr;
    pub mod enlarge;
    pub mod height;
    pub mod pad;
    pub mod pad_color;
    pub mod width;
}

pub mod crop {
    //! The part of the image that is kept.
    #[expect(
        clippy::module_inception,
        reason = "a file is named as its parameter, and the group is named as its main one"
    )]
    pub mod crop;
    pub mod trim;
    pub mod trim_color;
}

pub mod rotation {
    //! Orientation and rotation.
    pub mod angle;
    pub mod autorotate;
    pub mod flip;
    pub mod rotate;
}

pub mod tone {
    //! Tone and colour.
    pub mod auto_fix;
    pub mod auto_level;
    pub mod brightness;
    pub mod colorize;
    pub mod colorize_intensity;
    pub mod contrast;
    pub mod fill_flash;
    pub mod filter;
    pub mod gamma;
    pub mod highlights;
    pub mod redeye;
    pub mod saturation;
    pub mod shadow;
    pub mod vibrance;
    pub mod warmth;
}

pub mod effect {
    //! Blur and sharpness.
    pub mod blur;
    pub mod sharp_amount;
    pub mod sharp_radius;
}

pub mod overlay {
    //! Overlays.
    pub mod layers;
    pub mod mark;
    pub mod mark_alpha;
    pub mod mark_offset;
    pub mod mark_pos;
    pub mod mark_required;
    pub mod mark_scale;
    pub mod mark_upscale;
}

pub mod output {
    //! Encoding of the output.
    pub mod face;
    pub mod flatten;
    pub mod force_jpg;
    pub mod format;
    pub mod include_image_data;
    pub mod interlace;
    pub mod meta;
    pub mod quality;
    pub mod quality_attempts;
    pub mod quality_max;
    pub mod quality_method;
    pub mod quality_min;
    pub mod quality_preset;
    pub mod quality_target;
    pub mod recognition;
    pub mod strip_exif;
}

param_table! {
    width: size::width::Width,
    height: size::height::Height,
    dpr: size::dpr::Dpr,
    enlarge: size::enlarge::Enlarge,
    crop: crop::crop::Crop,
    rotate: rotation::rotate::Rotate,
    angle: rotation::angle::Angle,
    flip: rotation::flip::Flip,
    autorotate: rotation::autorotate::Autorotate,
    trim: crop::trim::Trim,
    trim_color: crop::trim_color::TrimColor,
    pad: size::pad::Pad,
    pad_color: size::pad_color::PadColor,
    redeye: tone::redeye::Redeye,
    auto_level: tone::auto_level::AutoLevel,
    auto_fix: tone::auto_fix::AutoFix,
    fill_flash: tone::fill_flash::FillFlash,
    shadow: tone::shadow::Shadow,
    highlights: tone::highlights::Highlights,
    brightness: tone::brightness::Brightness,
    contrast: tone::contrast::Contrast,
    gamma: tone::gamma::Gamma,
    warmth: tone::warmth::Warmth,
    saturation: tone::saturation::Saturation,
    vibrance: tone::vibrance::Vibrance,
    filter: tone::filter::Filter,
    colorize: tone::colorize::Colorize,
    colorize_intensity: tone::colorize_intensity::ColorizeIntensity,
    sharp_amount: effect::sharp_amount::SharpAmount,
    sharp_radius: effect::sharp_radius::SharpRadius,
    layers: overlay::layers::Layers,
    mark: overlay::mark::Mark,
    mark_alpha: overlay::mark_alpha::MarkAlpha,
    mark_scale: overlay::mark_scale::MarkScale,
    mark_upscale: overlay::mark_upscale::MarkUpscale,
    mark_pos: overlay::mark_pos::MarkPos,
    mark_offset: overlay::mark_offset::MarkOffset,
    mark_required: overlay::mark_required::MarkRequired,
    flatten: output::flatten::Flatten,
    force_jpg: output::force_jpg::ForceJpg,
    format: output::format::Format,
    quality: output::quality::Quality,
    quality_attempts: output::quality_attempts::QualityAttempts,
    quality_method: output::quality_method::QualityMethod,
    quality_preset: output::quality_preset::QualityPreset,
    quality_target: output::quality_target::QualityTarget,
    quality_min: output::quality_min::QualityMin,
    quality_max: output::quality_max::QualityMax,
    interlace: output::interlace::Interlace,
    strip_exif: output::strip_exif::StripExif,
    meta: output::meta::Meta,
    face: output::face::Face,
    include_image_data: output::include_image_data::IncludeImageData,
    recognition: output::recognition::Recognition,
    blur: effect::blur::Blur,
}

/// A parsed query string.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The effective parameters.
    pub params: Params,
    /// Names of parameters whose values were clamped to their range.
    pub clamped: Vec<&'static str>,
}

/// The parameter of images with this name or alias.
pub fn lookup(name: &str) -> Option<&'static Spec> {
    let row = crate::table::find(name)?;
    matches!(row.scope, crate::table::Scope::Picture(_)).then_some(row.spec)
}

impl Params {
    /// Whether the request is for the unmodified original.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The canonical form of the request: names in the order of the table, values in canonical form.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.visit(&mut |name, written| {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            escape(&written.canonical, &mut out);
        });
        out
    }

    /// Name and canonical value of each parameter that is present.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        self.visit(&mut |name, written| pairs.push((name, written.canonical)));
        pairs
    }

    /// Rebuilds parameters from the names and values returned by [`Params::pairs`]: for use between processes, after
    /// the rules for query strings have been applied.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Invalid> {
        let mut params = Self::default();
        for (name, value) in pairs {
            let known = lookup(name).map_or("query", |spec| spec.name);
            params.set(name, value).map_err(|expected| Invalid::new(known, value, expected))?;
        }
        Ok(params)
    }

    /// Removes parameters without effect: first neutral values, then parameters whose required parameter is absent.
    fn prune(&mut self) {
        let mut neutral = Vec::new();
        self.visit(&mut |name, written| neutral.extend(written.neutral.then_some(name)));
        for name in neutral {
            self.clear(name);
        }
        let mut present = Vec::new();
        self.visit(&mut |name, written| present.push((name, written.canonical)));
        let met = |need: &&str| {
            let (wanted, value) = need.split_once('=').map_or((*need, None), |(name, v)| (name, Some(v)));
            present.iter().any(|(name, canonical)| *name == wanted && value.is_none_or(|v| v == canonical))
        };
        for spec in SPECS {
            if !spec.needs.is_empty() && !spec.needs.iter().any(met) {
                self.clear(spec.name);
            }
        }
    }
}

/// What a traversal of the table returns for a value.
struct Written {
    canonical: String,
    neutral: bool,
}

impl Written {
    fn of(value: &impl Param) -> Self {
        let mut canonical = String::new();
        value.canonical(&mut canonical);
        Self { canonical, neutral: value.is_neutral() }
    }
}

fn read<P: Param>(raw: &str, slot: &mut Option<P>) -> Result<bool, Expected> {
    let reading = P::parse(raw)?;
    *slot = Some(reading.value);
    Ok(reading.clamped)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{spec::Grammar, *};

    fn canonical(query: &str) -> String {
        Params::parse(query).unwrap().params.canonical()
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let names: Vec<_> = SPECS.iter().flat_map(|spec| spec.aliases.iter().chain([&spec.name])).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn every_spec_is_complete_and_registered_under_its_name() {
        for spec in SPECS {
            assert!(spec.summary.ends_with('.') && !spec.default.is_empty(), "{}", spec.name);
            assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
            let known = |need: &&str| lookup(need.split('=').next().unwrap()).is_some();
            assert!(spec.needs.iter().all(known), "{}", spec.name);
            let refused = Params::default().set(spec.name, "\0").unwrap_err();
            assert_ne!(refused, "a parameter", "{} stands under another name in the table", spec.name);
        }
    }

    #[test]
    fn numbers_out_of_range_are_clamped() {
        let read = |spec: &Spec, value: f64| Params::default().set(spec.name, &value.to_string());
        for spec in SPECS {
            let (low, high, below) = match spec.grammar {
                Grammar::Decimal(low, high) => (low, high, low - 0.001),
                // a side of 0 means none
                Grammar::Whole(low, high) => (low.into(), high.into(), f64::from(low) - 1.0),
                _ => continue,
            };
            for value in [low, high] {
                assert_eq!(read(spec, value), Ok(false), "{}={value}", spec.name);
            }
            for value in [below, high + 1.0, 1e12] {
                assert_eq!(read(spec, value), Ok(true), "{}={value}", spec.name);
            }
            assert!(Params::default().set(spec.name, "much").is_err(), "{}", spec.name);
        }
    }

    #[test]
    fn every_example_names_its_parameter_and_round_trips() {
        for spec in SPECS {
            for example in spec.examples {
                let params = Params::parse(example.query).unwrap().params;
                let names = || std::iter::once(&spec.name).chain(spec.aliases);
                assert!(names().any(|name| example.query.contains(name)), "{}", example.query);
                assert_eq!(Params::parse(&params.canonical()).unwrap().params, params, "{}", example.query);
                let pairs: Vec<_> =
                    params.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                assert_eq!(Params::from_pairs(&pairs).unwrap(), params, "{}", example.query);
            }
        }
    }

    #[test]
    fn the_canonical_form_is_independent_of_spelling() {
        for (query, expected) in [
            ("height=5&width=4", "width=4&height=5"),
            ("w=4&h=5", "width=4&height=5"),
            ("width=4&width=6", "width=6"),
            ("width64=NjA&width=4", "width=60"),
            ("width=4&width64=NjA", "width=60"),
            ("utm_source=x&width=4&nonsense=%FF", "width=4"),
            ("width=4&dpr=1", "width=4"),
            ("dpr=2", ""),
            ("trim_color=red", ""),
            ("trim=color&trim_color=f00", "trim=color&trim_color=ff0000"),
            ("blur=0&rotate=360&flip=false&autorotate=true", ""),
            ("rotate=-90", "rotate=270"),
            ("pad=0&pad_color=red", ""),
            ("mark=/a%26width=5&width=3", "width=3&mark=/a%26width=5"),
            ("mark=/a?x=%2526&mark_alpha=true&mark_pos=left|top", "mark=/a?x=%2526&mark_pos=top,left"),
            ("mark_scale=5&layers=[]", ""),
            ("quality=80&quality_min=25&quality_method=mpe", "quality=80"),
            ("quality_min=25&quality_attempts=3", ""),
            ("quality=AUTO&quality_min=25", "quality=auto&quality_min=25"),
            ("", ""),
        ] {
            assert_eq!(canonical(query), expected, "{query}");
        }
    }

    #[test]
    fn invalid_values_are_named() {
        let invalid = Params::parse("width=100px").unwrap_err();
        assert_eq!((invalid.parameter, invalid.value.as_str()), ("width", "100px"));
        assert_eq!(Params::parse("width64=%21").unwrap_err().parameter, "width");
        assert_eq!(Params::parse(&format!("crop={}", "x".repeat(500))).unwrap_err().value.len(), 64);
        assert_eq!(Params::parse("quality=900&blur=-1").unwrap().clamped, ["quality", "blur"]);
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent_over_the_canonical_form(
            width in 0..70_000u32, height in proptest::option::of(1..900u32), rotate in -720..720i32,
            blur in -5.0..120.0f64, dpr in 0.0..12.0f64, flip: bool, pad in 0..50u32,
        ) {
            let height = height.map(|height| format!("&height={height}")).unwrap_or_default();
            let query = format!("width={width}{height}&rotate={rotate}&blur={blur}&dpr={dpr}&flip={flip}&pad={pad}");
            let once = Params::parse(&query).unwrap().params;
            let twice = Params::parse(&once.canonical()).unwrap();
            prop_assert_eq!(&twice.params, &once);
            prop_assert!(twice.clamped.is_empty());
            let pairs: Vec<_> = once.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            prop_assert_eq!(&Params::from_pairs(&pairs).unwrap(), &once);
        }

        #[test]
        fn any_query_is_parsed_or_refused(query in ".{0,200}") {
            let _ = Params::parse(&query);
        }
    }
}
