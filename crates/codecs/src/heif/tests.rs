//! Tests of the container, on files that are put together box by box.

use proptest::{collection::vec, prelude::*};

use super::*;

/// A box.
fn boxed(kind: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), &body].concat()
}

fn be16(number: usize) -> [u8; 2] {
    (number as u16).to_be_bytes()
}

fn be32(number: usize) -> [u8; 4] {
    (number as u32).to_be_bytes()
}

/// Builds a file with one item of type `av01`, number 1, whose extents are in `idat`.
pub struct Builder {
    data: Vec<u8>,
    /// Offsets and lengths in `idat`.
    pub extents: Vec<(usize, usize)>,
    pub method: usize,
    pub base: usize,
    pub other_file: usize,
    pub properties: Vec<Vec<u8>>,
}

impl Builder {
    pub fn new(data: &[u8]) -> Self {
        Self {
            data: data.to_vec(),
            extents: vec![(0, data.len())],
            method: 1,
            base: 0,
            other_file: 0,
            properties: vec![boxed(*b"ispe", &[&[0; 4], &be32(4), &be32(2)])],
        }
    }

    pub fn file(&self) -> Vec<u8> {
        let extents: Vec<u8> =
            self.extents.iter().flat_map(|(at, length)| [be32(*at), be32(*length)].concat()).collect();
        let location = boxed(
            *b"iloc",
            &[&[1, 0, 0, 0, 0x44, 0x40], &be16(1), &be16(1), &be16(self.method), &be16(self.other_file)],
        );
        let location =
            [location, be32(self.base).to_vec(), be16(self.extents.len()).to_vec(), extents].concat();
        let location = boxed(*b"iloc", &[&location[8..]]);
        let entry = boxed(*b"infe", &[&[2, 0, 0, 0], &be16(1), &be16(0), b"av01\0"]);
        let owned: Vec<u8> = (1..=self.properties.len()).map(|index| index as u8 | 0x80).collect();
        let map = boxed(*b"ipma", &[&[0; 4], &be32(1), &be16(1), &[owned.len() as u8], &owned]);
        let meta = boxed(
            *b"meta",
            &[
                &[0; 4],
                &boxed(*b"pitm", &[&[0; 4], &be16(1)]),
                &boxed(*b"iinf", &[&[0; 4], &be16(1), &entry]),
                &location,
                &boxed(*b"iprp", &[&boxed(*b"ipco", &[&self.properties.concat()]), &map]),
                &boxed(*b"idat", &[&self.data]),
            ],
        );
        [boxed(*b"ftyp", &[b"avif\0\0\0\0avifmif1"]), meta].concat()
    }
}

fn data(builder: &Builder) -> Option<Vec<u8>> {
    let bytes = builder.file();
    let file = File::parse(&bytes)?;
    file.data(file.primary()?).map(Cow::into_owned)
}

const TEXT: &[u8] = b"abcdefgh";

#[test]
fn the_primary_item_is_found_with_its_properties() {
    let bytes = Builder::new(TEXT).file();
    let file = File::parse(&bytes).unwrap();
    assert_eq!((file.primary(), file.kind(1), file.kind(2)), (Some(1), Some(*b"av01"), None));
    let properties = file.properties_of(Some(1));
    assert_eq!(properties.iter().filter_map(Property::extent).collect::<Vec<_>>(), [(4, 2)]);
}

#[test]
fn data_is_joined_from_its_extents() {
    let of = |extents: &[(usize, usize)]| data(&Builder { extents: extents.to_vec(), ..Builder::new(TEXT) });
    assert_eq!(of(&[(0, 8)]).unwrap(), TEXT);
    assert_eq!(of(&[(6, 2), (0, 3)]).unwrap(), b"ghabc");
    for broken in
        [vec![(0, 9)], vec![(9, 1)], vec![(0, 0)], vec![], vec![(0, 8), (0, 8)], vec![(0, 1), (8, 1)]]
    {
        assert_eq!(of(&broken), None, "{broken:?}");
    }
}

#[test]
fn offsets_count_from_a_base_in_the_file_or_in_the_box_of_data() {
    let based = Builder { base: 5, extents: vec![(1, 2)], ..Builder::new(TEXT) };
    assert_eq!(data(&based).unwrap(), b"gh");
    // the type of the first box
    let in_file = Builder { method: 0, extents: vec![(4, 4)], ..Builder::new(TEXT) };
    assert_eq!(data(&in_file).unwrap(), b"ftyp");
}

#[test]
fn data_in_other_places_is_not_found() {
    assert_eq!(data(&Builder { method: 2, ..Builder::new(TEXT) }), None);
    assert_eq!(data(&Builder { other_file: 1, ..Builder::new(TEXT) }), None);
}

#[test]
fn the_types_of_alpha_planes_are_known() {
    let is_alpha = |text: &[u8]| Property { kind: *b"auxC", body: text }.is_alpha();
    assert!(is_alpha(b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
    assert!(is_alpha(b"\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0abc"));
    assert!(!is_alpha(b"\0\0\0\0urn:mpeg:hevc:2015:auxid:2\0"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), flips in vec(any::<(u16, u8)>(), 0..6)) {
        let mut damaged = Builder::new(TEXT).file();
        for (at, change) in flips {
            let at = usize::from(at) % damaged.len();
            damaged[at] ^= change;
        }
        for bytes in [bytes, damaged] {
            let Some(file) = File::parse(&bytes) else { continue };
            for item in [0, 1, u32::MAX] {
                let _ = (file.data(item), file.properties_of(Some(item)), file.leaf(item));
                let _ = file.referring(*b"auxl", item).count() + file.references(*b"dimg", item).count();
            }
        }
    }
}
