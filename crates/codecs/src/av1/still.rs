//! Which files are decoded here: one coded AV1 image, perhaps with an alpha plane, cropped, rotated and mirrored.

use super::{
    ffi::{Header, Layout},
    matrix::Matrix,
};
use crate::{
    decoder::Shape,
    heif::{File, Geometry, Property},
};

/// Properties that change nothing about the pixels of an image, or what is read here. Those of layers (`a1op`, `lsel`,
/// `a1lx`) are not among them.
#[rustfmt::skip]
const KNOWN: [[u8; 4]; 13] = [
    *b"av1C", *b"ispe", *b"pixi", *b"colr", *b"pasp", *b"auxC", *b"clli", *b"mdcv", *b"cclv", *b"amve",
    *b"clap", *b"irot", *b"imir",
];

/// Bits per sample.
const DEPTHS: [u32; 3] = [8, 10, 12];

/// An AV1 image.
pub(super) struct Still {
    pub colour: Item,
    pub alpha: Option<Item>,
    pub matrix: Matrix,
    pub full_range: bool,
}

/// A coded item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub number: u32,
    pub header: Header,
    pub layout: Layout,
    pub geometry: Geometry,
}

impl Item {
    /// The item, if it is one plain AV1 frame of the size that the container states.
    fn find(file: &File<'_>, number: u32, properties: &[Property<'_>]) -> Option<Self> {
        let is_known = properties.iter().all(|property| KNOWN.contains(&property.kind));
        if file.kind(number)? != *b"av01" || !is_known {
            return None;
        }
        let mut extents = properties.iter().filter_map(Property::extent);
        let (Some((width, height)), None) = (extents.next(), extents.next()) else { return None };
        let header = Header::read(&file.data(number)?)?;
        let fits = (header.width, header.height) == (width, height) && DEPTHS.contains(&header.bits);
        let geometry = Geometry::of((width, height), properties)?;
        let item = Self { number, header, layout: header.layout()?, geometry };
        (fits && header.grain == 0 && header.layers == 0).then_some(item)
    }
}

impl Still {
    /// The primary image of a file, if it is decoded here.
    pub(super) fn find(file: &File<'_>) -> Option<Self> {
        let primary = file.primary()?;
        let properties = file.properties_of(Some(primary));
        let colour = Item::find(file, primary, &properties)?;
        let alpha = match alpha(file, primary)? {
            Some((number, properties)) => {
                let item = Item::find(file, number, &properties)?;
                let (ours, theirs) = (item.header, colour.header);
                let fits = (ours.width, ours.height, ours.bits) == (theirs.width, theirs.height, theirs.bits)
                    && item.geometry == colour.geometry;
                // the samples of the plane are alpha as they are, in the full range
                Some(item).filter(|_| fits && ours.full_range == 1).map(Some)?
            }
            None => None,
        };
        let (matrix, full_range) = colour_coding(&properties, &colour.header)?;
        let matrix = Matrix::of(matrix)?;
        // samples that are RGB already have the full range and no subsampling
        let is_possible = matrix != Matrix::Identity || (full_range && colour.layout == Layout::Yuv444);
        is_possible.then_some(Self { colour, alpha, matrix, full_range })
    }

    /// The shape of the coded image.
    pub(super) fn coded(&self) -> Shape {
        let Header { width, height, bits, .. } = self.colour.header;
        let bands = if self.alpha.is_some() { 4 } else { 3 };
        Shape { width, height, bands, depth: if bits > 8 { 2 } else { 1 } }
    }

    /// The shape of what is shown of it.
    pub(super) fn shape(&self) -> Shape {
        let (width, height) = self.colour.geometry.size();
        Shape { width, height, ..self.coded() }
    }
}

/// The alpha plane of an item; `None` if it is not clear which one that is.
#[expect(
    clippy::option_option,
    reason = "no alpha plane is something else than a file that is not decoded here"
)]
fn alpha<'a>(file: &File<'a>, primary: u32) -> Option<Option<(u32, Vec<Property<'a>>)>> {
    let with_properties = |item| (item, file.properties_of(Some(item)));
    let is_alpha = |(_, properties): &(u32, Vec<Property<'_>>)| properties.iter().any(Property::is_alpha);
    let mut planes = file.referring(*b"auxl", primary).map(with_properties).filter(is_alpha);
    let found = planes.next();
    planes.next().is_none().then_some(found)
}

/// Matrix coefficients, and whether samples have the full range: those of an `nclx` box take precedence over the sequence
/// header (MIAF, 7.3.6.4).
fn colour_coding(properties: &[Property<'_>], header: &Header) -> Option<(u16, bool)> {
    let is_nclx = |property: &&Property<'_>| property.kind == *b"colr" && property.body.starts_with(b"nclx");
    let mut boxes = properties.iter().filter(is_nclx);
    match (boxes.next(), boxes.next()) {
        (None, _) => Some((header.matrix as u16, header.full_range == 1)),
        (Some(Property { body, .. }), None) => {
            let matrix = u16::from_be_bytes(*body.get(8..)?.first_chunk()?);
            Some((matrix, body.get(10)? >> 7 == 1))
        }
        _ => None,
    }
}
