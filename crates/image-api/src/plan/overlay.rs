//! Plans overlays: computes every number that does not depend on the overlay's own size.

use std::fmt::{self, Display, Formatter};

use crate::{
    params::{
        Params,
        value::layer::{Content, Layer},
        value::{
            number::round_half_up,
            position::{Anchor, Position},
            url,
        },
    },
    size::{Extent, Size},
};

/// An image or text drawn over the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// The content.
    pub content: Content,
    /// The bounding box that it is fitted to.
    pub bounds: Size,
    /// Whether it may be upscaled to the bounding box.
    pub upscale: bool,
    /// Clockwise, in degrees.
    pub angle: f64,
    /// Opacity, from 0 to 1.
    pub opacity: f64,
    /// Horizontal position.
    pub across: Edge,
    /// Vertical position.
    pub down: Edge,
    /// Whether the request fails without it.
    pub required: bool,
}

/// A position on an axis, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// From the image's left or top edge to the overlay's.
    Start(i32),
    /// Centred.
    Middle,
    /// From the overlay's right or bottom edge to the image's.
    End(i32),
}

const PERCENT: f64 = 100.0;

/// The overlays of a request on an image of this size, the bottom one first: layers in their order, then the watermark.
pub fn overlays(params: &Params, base: Size) -> Vec<Overlay> {
    let layers = params.layers.iter().flat_map(|layers| &layers.0);
    layers.map(|layer| of_layer(layer, base)).chain(of_mark(params, base)).collect()
}

fn of_layer(layer: &Layer, base: Size) -> Overlay {
    let part = |side: u32| pixels(f64::from(side) * layer.scale / PERCENT);
    let edge = |at: Option<i32>, anchor| at.map_or_else(|| edge(anchor, layer.offset), Edge::Start);
    Overlay {
        content: layer.content.clone(),
        bounds: Size { width: part(base.width), height: part(base.height) },
        upscale: layer.upscale,
        angle: layer.angle,
        opacity: layer.alpha / PERCENT,
        across: edge(layer.x, layer.pos.across),
        down: edge(layer.y, layer.pos.down),
        required: layer.required,
    }
}

fn of_mark(params: &Params, base: Size) -> Option<Overlay> {
    let url = params.mark.as_ref()?.0.clone();
    let position = params.mark_pos.map_or_else(Position::default, |pos| pos.0);
    let offset = params.mark_offset.map_or(0.0, |offset| offset.0) / PERCENT;
    let inwards = |side: u32| round_half_up(f64::from(side) * offset) as i32;
    let square = params.mark_scale.map(|scale| {
        let side = pixels(f64::from(base.width.min(base.height)) * scale.0 / PERCENT);
        Size { width: side, height: side }
    });
    Some(Overlay {
        content: Content::Picture(url),
        bounds: square.unwrap_or(base),
        upscale: square.is_some() && params.mark_upscale.is_some_and(|upscale| upscale.0),
        angle: 0.0,
        opacity: params.mark_alpha.map_or(1.0, |alpha| alpha.0 / PERCENT),
        across: edge(position.across, inwards(base.width)),
        down: edge(position.down, inwards(base.height)),
        required: params.mark_required.is_some_and(|required| required.0),
    })
}

fn edge(anchor: Anchor, offset: i32) -> Edge {
    match anchor {
        Anchor::Start => Edge::Start(offset),
        Anchor::Middle => Edge::Middle,
        Anchor::End => Edge::End(offset),
    }
}

fn pixels(length: f64) -> u32 {
    round_half_up(length).max(1.0) as u32
}

impl Overlay {
    /// The size at which content of this size is rendered.
    pub fn fitted(&self, natural: Extent) -> Size {
        let across = f64::from(self.bounds.width) / natural.width;
        let down = f64::from(self.bounds.height) / natural.height;
        let factor = if self.upscale { across.min(down) } else { across.min(down).min(1.0) };
        natural.scaled(factor).rounded()
    }

    /// Position of the top left corner of an overlay of size `drawn` on an image of size `base`.
    pub fn corner(&self, base: Size, drawn: Size) -> (i32, i32) {
        let start = |edge, base: u32, drawn: u32| match edge {
            Edge::Start(offset) => offset,
            Edge::Middle => (base as i32 - drawn as i32).div_euclid(2),
            Edge::End(offset) => base as i32 - drawn as i32 - offset,
        };
        (start(self.across, base.width, drawn.width), start(self.down, base.height, drawn.height))
    }
}

impl Display for Overlay {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Picture(place) => {
                let mut name = String::new();
                url::canonical(place, &mut name);
                write!(f, "lay {name}")?;
            }
            Content::Text(text) => write!(f, "write {:?} in {}", text.text, text.font.to_string().trim())?,
        }
        let how = if self.upscale { "fitted to" } else { "shrunk to" };
        write!(
            f,
            ", {how} {}, at {}, {}",
            self.bounds,
            self.across.told("left", "right"),
            self.down.told("top", "bottom")
        )?;
        if self.angle != 0.0 {
            write!(f, ", turned {}°", self.angle)?;
        }
        if self.opacity < 1.0 {
            write!(f, ", {:.0} % opaque", self.opacity * PERCENT)?;
        }
        if self.required { write!(f, ", required") } else { Ok(()) }
    }
}

impl Edge {
    fn told(self, start: &str, end: &str) -> String {
        match self {
            Self::Start(offset) => format!("{start} {offset}"),
            Self::Middle => "middle".to_owned(),
            Self::End(offset) => format!("{end} {offset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Size = Size { width: 200, height: 100 };

    fn only(query: &str) -> Overlay {
        let all = overlays(&Params::parse(query).unwrap().params, BASE);
        assert_eq!(all.len(), 1, "{query}");
        all.into_iter().next().unwrap()
    }

    fn placed(query: &str, width: u32, height: u32) -> (i32, i32, u32, u32) {
        let overlay = only(query);
        let size = overlay.fitted(Size { width, height }.into());
        let (left, top) = overlay.corner(BASE, size);
        (left, top, size.width, size.height)
    }

    #[test]
    fn size_and_position_of_a_watermark() {
        for (query, natural, expected) in [
            ("mark=/a", (30, 30), (85, 35, 30, 30)),
            ("mark=/a", (400, 400), (50, 0, 100, 100)),
            ("mark=/a&mark_upscale=1", (30, 30), (85, 35, 30, 30)),
            ("mark=/a&mark_scale=60", (30, 30), (85, 35, 30, 30)),
            ("mark=/a&mark_scale=60", (120, 60), (70, 35, 60, 30)),
            ("mark=/a&mark_scale=60&mark_upscale=1", (30, 30), (70, 20, 60, 60)),
            ("mark=/a&mark_pos=top", (30, 30), (85, 0, 30, 30)),
            ("mark=/a&mark_pos=bottom,left", (30, 30), (0, 70, 30, 30)),
            ("mark=/a&mark_pos=right", (30, 30), (170, 35, 30, 30)),
            ("mark=/a&mark_pos=top,left&mark_offset=10", (30, 30), (20, 10, 30, 30)),
            ("mark=/a&mark_pos=bottom,right&mark_offset=10", (30, 30), (150, 60, 30, 30)),
            ("mark=/a&mark_offset=10", (30, 30), (85, 35, 30, 30)),
        ] {
            assert_eq!(placed(query, natural.0, natural.1), expected, "{query}");
        }
    }

    #[test]
    fn size_and_position_of_a_layer() {
        for (keys, natural, expected) in [
            ("", (10, 10), (50, 0, 100, 100)),
            (",\"upscale\":false", (10, 10), (95, 45, 10, 10)),
            (",\"scale\":50", (40, 10), (50, 37, 100, 25)),
            (",\"scale\":50,\"upscale\":false", (400, 400), (75, 25, 50, 50)),
            (",\"scale\":20,\"pos\":\"top|right\",\"offset\":5", (10, 10), (175, 5, 20, 20)),
            (",\"scale\":20,\"pos\":\"bottom\",\"offset\":5", (10, 10), (90, 75, 20, 20)),
            (",\"scale\":20,\"x\":7,\"pos\":\"bottom\"", (10, 10), (7, 80, 20, 20)),
            (",\"scale\":20,\"x\":-7,\"y\":90", (10, 10), (-7, 90, 20, 20)),
        ] {
            let query = format!("layers=[{{\"url\":\"/a\"{keys}}}]");
            assert_eq!(placed(&query, natural.0, natural.1), expected, "{query}");
        }
    }

    #[test]
    fn the_watermark_is_above_the_layers() {
        let query = "mark=/m&layers=[{\"url\":\"/a\"},{\"text\":\"b\"}]";
        let all = overlays(&Params::parse(query).unwrap().params, BASE);
        let told: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "lay /a, fitted to 200 × 100, at middle, middle",
                "write \"b\" in 20, fitted to 200 × 100, at middle, middle",
                "lay /m, shrunk to 200 × 100, at middle, middle",
            ]
        );
    }
}
