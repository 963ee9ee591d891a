//! One layer: an image or a text, with its position and style.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{
    font::Font,
    params::{
        overlay::{mark_alpha::OPAQUE, mark_scale::MAX_PERCENT},
        spec::{Expected, Reading},
        value::{
            boolean,
            colour::{self, Colour},
            number,
            position::{self, Position},
            url::{self, Url},
        },
    },
};

/// The scale that fits the layer to the whole image.
const WHOLE: f64 = 100.0;

/// Longest text, in characters.
const MAX_TEXT: usize = 1000;

/// Largest position and offset, in pixels: no image is larger.
const REACH: f64 = 65_535.0;

/// A layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The content.
    pub content: Content,
    /// Where it is anchored.
    pub pos: Position,
    /// Size of its bounding box, in percent of the image.
    pub scale: f64,
    /// Whether it may be enlarged.
    pub upscale: bool,
    /// Position of its left edge in pixels, overrides `pos`.
    pub x: Option<i32>,
    /// Position of its top edge in pixels, overrides `pos`.
    pub y: Option<i32>,
    /// Opacity in percent.
    pub alpha: f64,
    /// Offset from the edges of `pos` inwards, in pixels.
    pub offset: i32,
    /// Whether the request fails if the layer cannot be rendered.
    pub required: bool,
    /// Clockwise, in degrees from 0 to 360.
    pub angle: f64,
}

/// The content of a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An image.
    Picture(Url),
    /// A text.
    Text(Text),
}

/// A text to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text itself, never markup.
    pub text: String,
    /// Its font.
    pub font: Font,
    /// Its colour.
    pub colour: Colour,
}

const BLACK: Colour = Colour { red: 0, green: 0, blue: 0, alpha: 255 };

impl Layer {
    /// Parses a layer; an error states what was expected.
    pub fn parse(item: &Map<String, Value>) -> Result<Reading<Self>, Expected> {
        let mut keys = Keys { item, clamped: false };
        let content = keys.content()?;
        let whole = |value: Option<f64>| value.map(|value| number::round_half_up(value) as i32);
        let layer = Self {
            content,
            pos: keys.read("pos", position::position)?.unwrap_or_default(),
            scale: keys.number("scale", 1.0..=MAX_PERCENT)?.unwrap_or(WHOLE),
            upscale: keys.read("upscale", boolean::boolean)?.unwrap_or(true),
            x: whole(keys.number("x", -REACH..=REACH)?),
            y: whole(keys.number("y", -REACH..=REACH)?),
            alpha: keys.number("alpha", 0.0..=OPAQUE)?.unwrap_or(OPAQUE),
            offset: whole(keys.number("offset", -REACH..=REACH)?).unwrap_or(0),
            required: keys.read("required", boolean::boolean)?.unwrap_or(false),
            angle: keys.number("angle", f64::MIN..=f64::MAX)?.unwrap_or(0.0).rem_euclid(360.0),
        };
        Ok(Reading { value: layer, clamped: keys.clamped })
    }

    /// Writes its keys in alphabetical order, without those that have their default value.
    pub fn canonical(&self) -> Vec<(String, Value)> {
        let mut keys: Vec<(&str, Option<Value>)> = vec![
            ("alpha", (self.alpha < OPAQUE).then(|| self.alpha.into())),
            ("angle", (self.angle != 0.0).then(|| self.angle.into())),
        ];
        let mut pos = String::new();
        position::canonical(self.pos, &mut pos);
        let common: [(&str, Option<Value>); 7] = [
            ("offset", (self.offset != 0).then(|| self.offset.into())),
            ("pos", (self.pos != Position::default()).then(|| pos.into())),
            ("required", self.required.then(|| true.into())),
            ("scale", ((self.scale - WHOLE).abs() > f64::EPSILON).then(|| self.scale.into())),
            ("upscale", (!self.upscale).then(|| false.into())),
            ("x", self.x.map(Into::into)),
            ("y", self.y.map(Into::into)),
        ];
        keys.extend(common);
        match &self.content {
            Content::Picture(url) => {
                let mut text = String::new();
                url::canonical(url, &mut text);
                keys.push(("url", Some(text.into())));
            }
            Content::Text(Text { text, font, colour }) => {
                let mut code = String::new();
                colour::canonical(*colour, &mut code);
                keys.push(("color", (*colour != BLACK).then(|| code.into())));
                keys.push(("font", (*font != Font::default()).then(|| font.to_string().trim().into())));
                keys.push(("text", Some(text.as_str().into())));
            }
        }
        let mut said: Vec<_> =
            keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        said.sort_by(|(a, _), (b, _)| a.cmp(b));
        said
    }
}

/// The keys of a layer that is being parsed.
struct Keys<'a> {
    item: &'a Map<String, Value>,
    clamped: bool,
}

impl Keys<'_> {
    /// The value of a key as text, whatever simple type was sent.
    fn text(&self, key: &str) -> Result<Option<String>, Expected> {
        match self.item.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            // not by its JSON syntax, in which 1e3 is a number
            Some(Value::Number(number)) => Ok(Some(number.as_f64().unwrap_or_default().to_string())),
            Some(Value::Bool(on)) => Ok(Some(on.to_string())),
            Some(Value::Array(_) | Value::Object(_)) => Err(format!("`{key}`: a text or a number")),
        }
    }

    fn read<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<Reading<T>, Expected>,
    ) -> Result<Option<T>, Expected> {
        let Some(raw) = self.text(key)? else { return Ok(None) };
        let reading = parse(&raw).map_err(|expected| format!("`{key}`: {expected}"))?;
        self.clamped |= reading.clamped;
        Ok(Some(reading.value))
    }

    fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Expected> {
        self.read(key, |raw| match number::decimal(raw, range.clone()) {
            Err(_) if *range.end() >= f64::MAX => Err("a number".into()),
            read => read,
        })
    }

    fn content(&mut self) -> Result<Content, Expected> {
        let Some(text) = self.text("text")? else {
            let url = self.read("url", url::url)?;
            return url.map(Content::Picture).ok_or_else(|| "`url` or `text`".into());
        };
        if text.chars().nth(MAX_TEXT).is_some() {
            return Err(format!("`text`: at most {MAX_TEXT} characters"));
        }
        let font = self.read("font", |raw| Font::parse(raw).map(Reading::exact))?.unwrap_or_default();
        let colour = self.read("color", colour::colour)?.unwrap_or(BLACK);
        Ok(Content::Text(Text { text, font, colour }))
    }
}
