//! Paeth's filter of two rows at once (PNG, 9.4).
//!
//! Each pixel depends on its left neighbour, so one row alone is bound by latency. Here the second row runs one pixel behind
//! the first, whose pixels it needs, and one SIMD register computes a pixel of each.

use super::unfilter::{PAETH, unfilter};

/// Undoes the filter of two rows in place. `above` is the row before them without its filter; `pixel` the bytes of a pixel, 1
/// to 4. All three rows are of one length.
pub fn unfilter_two_paeth(pixel: usize, above: &[u8], first: &mut [u8], second: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    match pixel {
        // SAFETY: every processor of this architecture has SSE2.
        3 => return unsafe { sse2::two_paeth::<3>(above, first, second) },
        // SAFETY: as above.
        4 => return unsafe { sse2::two_paeth::<4>(above, first, second) },
        _ => {}
    }
    unfilter(PAETH, pixel, above, first);
    unfilter(PAETH, pixel, first, second);
}

/// By SSE2.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpgt_epi16,
        _mm_cvtsi32_si128, _mm_cvtsi128_si64, _mm_max_epi16, _mm_min_epi16, _mm_or_si128, _mm_packus_epi16,
        _mm_setzero_si128, _mm_sub_epi16, _mm_unpackhi_epi64, _mm_unpacklo_epi8, _mm_unpacklo_epi32,
        _mm_unpacklo_epi64,
    };

    #[target_feature(enable = "sse2")]
    pub fn two_paeth<const N: usize>(above: &[u8], first: &mut [u8], second: &mut [u8]) {
        let (first, second) = (first.as_chunks_mut::<N>().0, second.as_chunks_mut::<N>().0);
        let Some((above_start, above)) = above.as_chunks::<N>().0.split_first() else { return };
        let Some((start, first)) = first.split_first_mut() else { return };
        let Some((end, second)) = second.split_last_mut() else { return };
        for (value, above) in start.iter_mut().zip(above_start) {
            *value = value.wrapping_add(*above);
        }
        // numbers of 16 bits: four of the first row, four of the second
        let (mut left, mut corner) = (wide(load(start)), wide(load(above_start)));
        for ((pixel, behind), above) in first.iter_mut().zip(second).zip(above) {
            let above = _mm_unpacklo_epi64(wide(load(above)), left);
            let found = _mm_add_epi8(
                _mm_unpacklo_epi32(load(pixel), load(behind)),
                narrow(predict(left, above, corner)),
            );
            let [of_first, of_second] = halves(found);
            pixel.copy_from_slice(&of_first[..N]);
            behind.copy_from_slice(&of_second[..N]);
            (left, corner) = (wide(found), above);
        }
        // the second row's last pixel: what is left of it and beyond is in the upper halves
        let (ready, left, corner) =
            (left, _mm_unpackhi_epi64(left, left), _mm_unpackhi_epi64(corner, corner));
        let [found, _] = halves(_mm_add_epi8(load(end), narrow(predict(left, ready, corner))));
        end.copy_from_slice(&found[..N]);
    }

    #[target_feature(enable = "sse2")]
    fn load<const N: usize>(pixel: &[u8; N]) -> __m128i {
        let mut bytes = [0; 4];
        bytes[..N].copy_from_slice(pixel);
        _mm_cvtsi32_si128(i32::from_le_bytes(bytes))
    }

    #[target_feature(enable = "sse2")]
    fn wide(bytes: __m128i) -> __m128i {
        _mm_unpacklo_epi8(bytes, _mm_setzero_si128())
    }

    #[target_feature(enable = "sse2")]
    fn narrow(numbers: __m128i) -> __m128i {
        _mm_packus_epi16(numbers, numbers)
    }

    #[target_feature(enable = "sse2")]
    fn halves(bytes: __m128i) -> [[u8; 4]; 2] {
        let both = _mm_cvtsi128_si64(bytes);
        [both as i32, (both >> 32) as i32].map(i32::to_le_bytes)
    }

    /// As [`predict`](super::super::unfilter::predict).
    #[target_feature(enable = "sse2")]
    fn predict(left: __m128i, above: __m128i, corner: __m128i) -> __m128i {
        let thrice = _mm_add_epi16(corner, _mm_add_epi16(corner, corner));
        let threshold = _mm_sub_epi16(_mm_sub_epi16(thrice, above), left);
        let (low, high) = (_mm_min_epi16(left, above), _mm_max_epi16(left, above));
        let low_or_corner = choose(_mm_cmpgt_epi16(high, threshold), corner, low);
        choose(_mm_cmpgt_epi16(threshold, low), low_or_corner, high)
    }

    #[target_feature(enable = "sse2")]
    fn choose(mask: __m128i, yes: __m128i, no: __m128i) -> __m128i {
        _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no))
    }
}
