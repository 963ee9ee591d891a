//! Finds the pages of a TIFF that are reduced copies of the first one.

use image_api::source::Location;

use super::ifd::Ifd;

/// Tags (TIFF 6.0; `SubIFDs`: TIFF Technical Note 1).
const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;
const SUB_DIRECTORIES: u16 = 330;

/// The bit of `NewSubfileType`, and the value of the older `SubfileType`, that mean "reduced-resolution copy of another
/// page".
const REDUCED_BIT: u32 = 1;
const REDUCED: u32 = 2;

/// Most levels of a pyramid; each halves the sides, so that many levels end at one pixel.
const MAX_LEVELS: u32 = 16;

/// The reduced copies of the first page: `SubIFDs` of it, or pages directly after it, that the file marks as such.
/// Unmarked pages are images of their own, whatever their size.
pub fn reduced_images(bytes: &[u8]) -> Vec<Location> {
    let Some(first) = Ifd::first(bytes) else { return Vec::new() };
    let subs = first.values(SUB_DIRECTORIES, MAX_LEVELS.into());
    if subs.is_empty() {
        let pages = std::iter::successors(first.next(), Ifd::next);
        return (1..=MAX_LEVELS)
            .zip(pages.take_while(is_reduced))
            .map(|(page, _)| Location::TiffPage(page))
            .collect();
    }
    let marked = |(_, offset): &(u32, &u64)| first.at(**offset).is_some_and(|level| is_reduced(&level));
    let levels = (0..).zip(&subs).filter(marked);
    levels.map(|(level, _)| Location::TiffSubdirectory(level)).collect()
}

fn is_reduced(directory: &Ifd<'_>) -> bool {
    match directory.value(NEW_SUBFILE_TYPE) {
        Some(bits) => bits & REDUCED_BIT != 0,
        None => directory.value(SUBFILE_TYPE) == Some(REDUCED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ifd::build;

    fn page(page: u32) -> Location {
        Location::TiffPage(page)
    }

    #[test]
    fn only_marked_pages_are_reduced_copies() {
        let plain = [(256, 4, vec![100])];
        let reduced = [(254, 4, vec![1])];
        let reduced_by_the_old_tag = [(255, 3, vec![2])];
        let page_of_a_document = [(254, 4, vec![2])];
        let mask = [(254, 4, vec![4])];
        for big in [false, true] {
            let reduced_images = |pages: &[&[(u16, u16, Vec<u64>)]]| reduced_images(&build(big, !big, pages));
            assert_eq!(reduced_images(&[&plain, &plain]), []);
            assert_eq!(reduced_images(&[&plain, &page_of_a_document]), []);
            assert_eq!(reduced_images(&[&plain, &mask, &reduced]), []);
            assert_eq!(reduced_images(&[&plain, &reduced, &reduced_by_the_old_tag]), [page(1), page(2)]);
            // the copy after the second image belongs to that one
            assert_eq!(reduced_images(&[&plain, &reduced, &plain, &reduced]), [page(1)]);
        }
    }

    #[test]
    fn only_marked_subifds_are_reduced_copies() {
        // the offsets of the pages are those of a file with the same entries
        let reduced = [(254, 4, vec![1])];
        let other = [(254, 4, vec![0])];
        let with = |offsets: Vec<u64>| build(false, true, &[&[(330, 4, offsets)], &other, &reduced]);
        let placeholder = with(vec![1, 1]);
        let first = Ifd::first(&placeholder).unwrap();
        let place = |marker: u8| {
            let entry = [254, 0, 4, 0, 1, 0, 0, 0, marker, 0, 0, 0];
            placeholder.windows(12).position(|part| part == entry).unwrap() as u64 - 2
        };
        assert!(first.next().is_some());
        let file = with(vec![place(0), place(1)]);
        assert_eq!(reduced_images(&file), [Location::TiffSubdirectory(1)]);
    }

    #[test]
    fn cyclic_pages_terminate() {
        let mut file = build(false, true, &[&[(254, 4, vec![1])]]);
        let end = file.len() - 4;
        file[end] = 8;
        assert_eq!(reduced_images(&file).len(), MAX_LEVELS as usize);
    }
}
