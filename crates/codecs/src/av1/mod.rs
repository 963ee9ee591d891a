//! Still AVIF through dav1d. The planes of the decoded frame are kept, and each row is converted to RGB when it is read.

mod convert;
mod ffi;
mod matrix;
mod still;
#[cfg(test)]
mod tests;
mod transform;
mod upsample;

use bytes::Bytes;

use self::{
    convert::Converter,
    ffi::{Frame, NAME},
    still::Still,
    transform::Transform,
};
use crate::{
    decoder::{Decoder, Rows, Shape, Target},
    error::{Error, Result},
    heif::File,
};

/// The decoder of still AVIF.
pub const DECODER: Decoder = Decoder { name: NAME, divisors: &[1], takes, open, read_all };

fn takes(bytes: &[u8]) -> Option<Shape> {
    Still::find(&File::parse(bytes)?).map(|still| still.shape())
}

fn open(bytes: &Bytes, _divisor: u8) -> Result<Box<dyn Rows>> {
    let still = File::parse(bytes).and_then(|file| Still::find(&file));
    let still = still.ok_or_else(|| Error::broken(NAME, "not a still image of a kind that is decoded"))?;
    Ok(Box::new(Reader { bytes: bytes.clone(), still, decoded: None, next: 0 }))
}

fn read_all(bytes: &Bytes, divisor: u8, target: Target<'_>) -> Result<()> {
    let mut rows = open(bytes, divisor)?;
    target.fill(|row| rows.read(row))
}

struct Reader {
    bytes: Bytes,
    still: Still,
    decoded: Option<Transform>,
    /// The next row.
    next: u32,
}

/// The decoded planes, and what converts their rows.
struct Decoded {
    colour: Frame,
    alpha: Option<Frame>,
    converter: Converter,
}

impl Decoded {
    fn of(bytes: &[u8], still: &Still) -> Result<Self> {
        let file = File::parse(bytes);
        let frame = |item: &still::Item| {
            let data = file.as_ref().and_then(|file| file.data(item.number));
            let data = data.ok_or_else(|| Error::broken(NAME, "the data is missing"))?;
            Frame::decode(&data, &item.header)
        };
        let alpha = still.alpha.as_ref().map(frame).transpose()?;
        Ok(Self { colour: frame(&still.colour)?, alpha, converter: Converter::new(still) })
    }

    /// Converts a row of the coded image.
    fn row(&mut self, index: u32, out: &mut [u8]) {
        self.converter.convert(&self.colour, self.alpha.as_ref(), index as usize, out);
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        let shape = self.still.shape();
        let decoded = match &mut self.decoded {
            Some(decoded) => decoded,
            empty => {
                let (coded, geometry) = (self.still.coded(), self.still.colour.geometry);
                empty.insert(Transform::new(Decoded::of(&self.bytes, &self.still)?, coded, geometry))
            }
        };
        for row in rows.chunks_exact_mut(shape.row_bytes()) {
            if self.next == shape.height {
                return Err(Error::broken(NAME, "no more rows"));
            }
            decoded.row(self.next, row);
            self.next += 1;
        }
        Ok(())
    }
}
