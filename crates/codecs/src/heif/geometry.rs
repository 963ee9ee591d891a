//! Transformations of a coded image: clean aperture, rotation and mirroring (ISO/IEC 23008-12, 6.5.9 to 6.5.12).

use super::{Property, boxes::number};

/// libheif halves numerator and denominator of a fraction until both are below this. It computes with fractions whose parts
/// are up to eight times those of a clean aperture and of the image's side.
const LARGEST_FRACTION: i64 = 0x1_0000;

/// What is shown of a coded image: a part of it, transposed or not, mirrored or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Left edge of the part, in pixels of the coded image.
    pub left: u32,
    /// Its top edge.
    pub top: u32,
    /// Its width, at least 1.
    pub width: u32,
    /// Its height, at least 1.
    pub height: u32,
    /// Whether rows of the part are columns of what is shown.
    pub is_transposed: bool,
    /// Whether the columns of the part are reversed.
    pub is_mirrored: bool,
    /// Whether the rows of the part are reversed.
    pub is_flipped: bool,
}

impl Geometry {
    /// All of an image as it is.
    fn whole((width, height): (u32, u32)) -> Self {
        Self { left: 0, top: 0, width, height, is_transposed: false, is_mirrored: false, is_flipped: false }
    }

    /// The transformations among properties of an image of this size, applied in their order, as libheif does. `None` for
    /// a clean aperture that is not within the image, or whose sides are not whole numbers of pixels: readers disagree.
    pub fn of(size: (u32, u32), properties: &[Property<'_>]) -> Option<Self> {
        let mut found = Self::whole(size);
        for Property { kind, body } in properties {
            match kind {
                b"clap" => found.crop(body)?,
                // quarter turns counterclockwise
                b"irot" => (0..body.first()? & 3).for_each(|_| found.turn()),
                b"imir" if body.first()? & 1 == 1 => found.mirror(),
                b"imir" => found.flip(),
                _ => {}
            }
        }
        Some(found)
    }

    /// Width and height of what is shown.
    pub fn size(&self) -> (u32, u32) {
        let Self { width, height, .. } = *self;
        if self.is_transposed { (height, width) } else { (width, height) }
    }

    /// Whether all is shown as it is coded.
    pub fn is_identity(&self, size: (u32, u32)) -> bool {
        *self == Self::whole(size)
    }

    /// Exchanges left and right of what is shown.
    fn mirror(&mut self) {
        let reversed = if self.is_transposed { &mut self.is_flipped } else { &mut self.is_mirrored };
        *reversed = !*reversed;
    }

    /// Exchanges top and bottom of what is shown.
    fn flip(&mut self) {
        let reversed = if self.is_transposed { &mut self.is_mirrored } else { &mut self.is_flipped };
        *reversed = !*reversed;
    }

    /// A quarter turn counterclockwise: the right edge becomes the top one.
    fn turn(&mut self) {
        self.mirror();
        self.is_transposed = !self.is_transposed;
    }

    fn crop(&mut self, clap: &[u8]) -> Option<()> {
        let (width, height) = self.size();
        // where the start lies between two pixels, libheif rounds to the left, and downwards
        let (left, width) = aperture(clap, width, 0, 16, i64::div_euclid)?;
        let (top, height) =
            aperture(clap, height, 8, 24, |above, below| (2 * above + below).div_euclid(2 * below))?;
        // in columns and rows of the coded image
        let (columns, rows) =
            if self.is_transposed { ((top, height), (left, width)) } else { ((left, width), (top, height)) };
        let first = |(start, length): (u32, u32), whole, is_reversed| {
            if is_reversed { whole - start - length } else { start }
        };
        self.left += first(columns, self.width, self.is_mirrored);
        self.top += first(rows, self.height, self.is_flipped);
        (self.width, self.height) = (columns.1, rows.1);
        Some(())
    }
}

/// The part of a side that a clean aperture keeps, start and length: its length at one offset of the box, and how far its
/// centre is from that of the side at another, both fractions. `rounded` is a fraction as a whole number.
fn aperture(
    clap: &[u8],
    side: u32,
    length: usize,
    offset: usize,
    rounded: fn(i64, i64) -> i64,
) -> Option<(u32, u32)> {
    let fraction = |at| {
        let part = |at| number(clap, at, 4).map(|number| i64::from(number as i32));
        Some((part(at)?, part(at + 4).filter(|below| *below > 0)?))
    };
    let ((above, below), (offset, unit)) = (fraction(length)?, fraction(offset)?);
    let side = i64::from(side);
    let is_exact =
        above.max(below) <= LARGEST_FRACTION && 8 * (offset.abs() + side * unit) <= LARGEST_FRACTION;
    if above % below != 0 || !is_exact {
        return None;
    }
    let length = above / below;
    let start = rounded(2 * offset + (side - length) * unit, 2 * unit);
    let is_within = length > 0 && start >= 0 && start + length <= side;
    is_within.then_some((start as u32, length as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clap(width: (i32, i32), height: (i32, i32), left: (i32, i32), top: (i32, i32)) -> Vec<u8> {
        let numbers = [width, height, left, top].into_iter().flat_map(|(above, below)| [above, below]);
        numbers.flat_map(i32::to_be_bytes).collect()
    }

    fn geometry(size: (u32, u32), properties: &[(&[u8; 4], Vec<u8>)]) -> Option<Geometry> {
        let properties: Vec<_> =
            properties.iter().map(|(kind, body)| Property { kind: **kind, body }).collect();
        Geometry::of(size, &properties)
    }

    /// The coded pixel that is shown at each place, row by row.
    fn shown(geometry: &Geometry) -> Vec<(u32, u32)> {
        let (width, height) = geometry.size();
        let pixel = |x, y| {
            let (column, row) = if geometry.is_transposed { (y, x) } else { (x, y) };
            let reversed = |at, whole: u32, is_reversed| if is_reversed { whole - 1 - at } else { at };
            (
                geometry.left + reversed(column, geometry.width, geometry.is_mirrored),
                geometry.top + reversed(row, geometry.height, geometry.is_flipped),
            )
        };
        (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect()
    }

    /// A step of the definition: what is shown after a property, pixel by pixel.
    fn applied(pixels: &[(u32, u32)], width: usize, kind: [u8; 4], value: u8) -> (Vec<(u32, u32)>, usize) {
        let mut rows: Vec<Vec<_>> = pixels.chunks(width).map(<[_]>::to_vec).collect();
        match (&kind, value) {
            (b"imir", 1) => rows.iter_mut().for_each(|row| row.reverse()),
            (b"imir", _) => rows.reverse(),
            _ => {
                for _ in 0..value {
                    let columns = (0..rows[0].len()).rev();
                    rows = columns.map(|x| rows.iter().map(|row| row[x]).collect()).collect();
                }
            }
        }
        (rows.concat(), rows[0].len())
    }

    #[test]
    fn turns_and_mirrors_apply_in_their_order() {
        let steps: Vec<(&[u8; 4], u8)> =
            (0..4).map(|turns| (b"irot", turns)).chain((0..2).map(|axis| (b"imir", axis))).collect();
        for first in &steps {
            for second in &steps {
                let whole = shown(&Geometry::whole((3, 2)));
                let (one, width) = applied(&whole, 3, *first.0, first.1);
                let (two, width) = applied(&one, width, *second.0, second.1);
                let properties = [(first.0, vec![first.1]), (second.0, vec![second.1])];
                let found = geometry((3, 2), &properties).unwrap();
                assert_eq!((shown(&found), found.size().0 as usize), (two, width), "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn an_aperture_is_of_what_is_shown_before_it() {
        // 3 × 2 of 9 × 6, one to the right and one down of the centre
        let part = clap((3, 1), (2, 1), (1, 1), (1, 1));
        let found = geometry((9, 6), &[(b"clap", part.clone())]).unwrap();
        assert_eq!((found.left, found.top, found.size()), (4, 3, (3, 2)));
        // turned counterclockwise, right of the centre is what was below it
        let turned = geometry((9, 6), &[(b"irot", vec![1]), (b"clap", part.clone())]).unwrap();
        let (all, width) = applied(&shown(&Geometry::whole((9, 6))), 9, *b"irot", 1);
        let expected: Vec<_> =
            [5, 6].iter().flat_map(|y| all[y * width + 2..y * width + 5].to_vec()).collect();
        assert_eq!(shown(&turned)[..3], expected[..3]);
        let before = geometry((9, 6), &[(b"clap", part), (b"irot", vec![1])]).unwrap();
        assert_eq!((before.left, before.top, before.size()), (4, 3, (2, 3)));
    }

    #[test]
    fn apertures_that_readers_disagree_about_are_left_alone() {
        let of = |clap| geometry((9, 6), &[(b"clap", clap)]);
        assert_eq!(of(clap((4, 1), (2, 1), (0, 1), (0, 1))).unwrap().left, 2);
        let between = of(clap((4, 1), (3, 1), (0, 1), (0, 1))).unwrap();
        assert_eq!((between.left, between.top), (2, 2));
        assert_eq!(of(clap((4, 1), (2, 1), (1, 2), (0, 1))).unwrap().left, 3);
        for (width, height, left, top) in [
            ((10, 1), (2, 1), (0, 1), (0, 1)),
            ((3, 1), (2, 1), (4, 1), (0, 1)),
            ((3, 1), (2, 1), (-4, 1), (0, 1)),
            ((3, 1), (2, 1), (0, 1), (3, 1)),
            ((7, 2), (2, 1), (0, 1), (0, 1)),
            ((0, 1), (2, 1), (0, 1), (0, 1)),
            ((-3, 1), (2, 1), (0, 1), (0, 1)),
            ((3, 0), (2, 1), (0, 1), (0, 1)),
            ((3, 1), (2, 1), (0, 0), (0, 1)),
            ((3, 1), (2, 1), (i32::MAX, i32::MAX), (0, 1)),
        ] {
            assert_eq!(of(clap(width, height, left, top)), None, "{width:?} {height:?} {left:?} {top:?}");
        }
        assert_eq!(of(vec![0; 31]), None);
        assert_eq!(geometry((9, 6), &[(b"irot", vec![])]), None);
    }
}
