//! `pixmill explain`: describes what a URL or a query string does.

use std::{fs, path::PathBuf, str::FromStr};

use bytes::Bytes;
use clap::Args;
use image_api::{
    Measurements, Params, Plan, Settings, orientation::Orientation, params::crop::crop::Crop, size::Size,
};
use serde_json::{Value, json};
use vips_ops::{
    Media, Source, overlay,
    source::{Profile, SourceFormat, SourceInfo, Storage},
    vips::Deadline,
};

use super::{
    ConfigFile, Error, libvips, out,
    query::{self, NegotiatedFormat, ParsedQuery},
};
use crate::{
    analysis::analyzer::Analyzer,
    config::{Environment, Problems},
    model::analysis::AnalysisKind,
};

/// Describes what a URL or a query string does
#[derive(Debug, Args)]
pub struct Explain {
    /// A URL, a path with a query string, or a query string
    #[arg(value_name = "URL|QUERY")]
    target: String,
    /// Picture to apply the query to [default: an assumed JPEG with the size given by --size]
    #[arg(long, value_name = "FILE", conflicts_with = "size")]
    source: Option<PathBuf>,
    /// Size of the assumed picture
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    size: Dimensions,
    /// Formats that `format=auto` may choose besides JPEG and PNG
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    accept: Vec<NegotiatedFormat>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// A size as `640x480`, both sides at least 1.
#[derive(Debug, Clone, Copy)]
struct Dimensions(Size);

impl FromStr for Dimensions {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let side = |side: &str| side.parse().ok().filter(|side| *side > 0);
        let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
        let (width, height) = sides.ok_or("expected width and height such as 640x480")?;
        Ok(Self(Size { width, height }))
    }
}

/// The picture that the query is applied to, with its measurements.
struct Subject {
    name: String,
    info: SourceInfo,
    measured: Measurements,
}

impl Explain {
    /// Prints the description.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let config = self.config.load(environment)?;
        let settings = config.settings();
        let reading = query::parse(&self.target, &config.params.rules().map_err(Problems::from)?)?;
        let subject = self.subject(&reading.params, &settings, &Analyzer::open(&config.vision))?;
        let plan = self.plan(&reading.params, &subject, &settings)?;
        let text = if self.json {
            format!("{:#}", object(&reading, &subject, plan.as_ref()))
        } else {
            text(&reading, &subject, plan.as_ref())
        };
        out::print(&text)
    }

    fn subject(&self, params: &Params, settings: &Settings, analyzer: &Analyzer) -> Result<Subject, Error> {
        let Some(path) = &self.source else {
            let needed = params.trim.is_some() || params.needs_faces() || params.crop == Some(Crop::Entropy);
            let note = if needed { ", analyses are assumed to select the whole picture" } else { "" };
            vips_ops::source::check_pixels(self.size.0, &settings.limits)?;
            let info = assumed(self.size.0);
            return Ok(Subject { name: format!("assumed{note}"), info, measured: Measurements::default() });
        };
        libvips::start()?;
        let bytes = Bytes::from(fs::read(path).map_err(Error::file(path))?);
        let bytes = vips_ops::source::svg::decode_text::decode(bytes, settings.limits.max_bytes.as_u64())?;
        let source = Source::open(&bytes, &settings.limits)?;
        let deadline = Deadline::never();
        let faces = if params.needs_faces() {
            analyzer.analyze(AnalysisKind::Faces, &bytes, settings, &deadline)?.faces_for_plan()
        } else {
            Vec::new()
        };
        let measured = vips_ops::analysis::measure(params, &source, &faces, &deadline)?;
        Ok(Subject { name: path.display().to_string(), info: source.info, measured })
    }

    /// The plan; none if the original is served or described unmodified.
    fn plan(&self, params: &Params, subject: &Subject, settings: &Settings) -> Result<Option<Plan>, Error> {
        let is_rasterized = subject.info.format == SourceFormat::Svg && !settings.output.svg_passthrough;
        let wanted = params.of_picture();
        if wanted.is_empty() && (params.meta.is_some() || !is_rasterized) {
            return Ok(None);
        }
        overlay::links(params, &settings.limits).map_err(vips_ops::Error::from)?;
        let accept = query::accept(&self.accept);
        Ok(Some(
            Plan::resolve(&wanted, &subject.info, &subject.measured, accept, settings)
                .map_err(vips_ops::Error::from)?,
        ))
    }
}

/// The header of a typical photograph.
fn assumed(stored: Size) -> SourceInfo {
    SourceInfo {
        format: SourceFormat::Jpeg,
        stored,
        frames: 1,
        orientation: Orientation::default(),
        alpha: false,
        storage: Storage::Direct,
        jpeg_quality: None,
        jpeg_halved: None,
        codec: None,
        profile: Profile::Srgb,
        plain: true,
        calibrated: false,
        metadata: false,
        thumbnails: Vec::new(),
        vector: None,
    }
}

fn text(reading: &ParsedQuery, subject: &Subject, plan: Option<&Plan>) -> String {
    let Subject { name, info, .. } = subject;
    let canonical = format!("canonical: {}", reading.params.canonical());
    let notes = reading.warnings().map(|warning| format!("note: {warning}"));
    let source = format!("source: {:?}, {} ({name})\n", info.format, info.stored);
    let described = reading.params.meta.is_some();
    let plan = match plan {
        Some(plan) if described => format!("{plan}\ndescribe it as JSON"),
        Some(plan) => plan.to_string(),
        None if described => "describe the original as JSON".to_owned(),
        None => "send the original as it is".to_owned(),
    };
    let lines = std::iter::once(canonical).chain(notes).chain([source, plan]);
    lines.collect::<Vec<_>>().join("\n")
}

fn object(reading: &ParsedQuery, subject: &Subject, plan: Option<&Plan>) -> Value {
    let ignored = reading.ignored.iter().map(|(name, reason)| json!({ "name": name, "reason": reason }));
    let info = &subject.info;
    json!({
        "canonical": reading.params.canonical(),
        "ignored": ignored.collect::<Vec<_>>(),
        "clamped": reading.clamped,
        "source": {
            "name": subject.name,
            "type": info.format.media_type(),
            "width": info.stored.width,
            "height": info.stored.height,
            "frames": info.frames,
        },
        "plan": plan.map(|plan| plan.to_string().lines().map(str::to_owned).collect::<Vec<_>>()),
        "answer": if reading.params.meta.is_some() {
            Some(json!({ "type": Media::Json.media_type() }))
        } else {
            plan.map(|plan| json!({
                "type": plan.encode.format.media_type(),
                "width": plan.size.width,
                "height": plan.size.height,
            }))
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions() {
        let size = |text: &str| text.parse::<Dimensions>().map(|dimensions| dimensions.0);
        assert_eq!(size("640x480"), Ok(Size { width: 640, height: 480 }));
        for text in ["", "640", "x", "0x1", "1x0", "-1x1", "1.5x1", "1x1x1", "640 x 480"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
