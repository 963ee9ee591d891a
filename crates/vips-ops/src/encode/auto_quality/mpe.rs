//! Mean pixel error: the mean absolute difference of luma, in 8-bit levels.

use super::plane::Plane;

/// The mean absolute difference, 0 to 255; 0 means equal.
pub fn compare(reference: &Plane<u8>, other: &Plane<u8>) -> f64 {
    let distances = reference.values.iter().zip(&other.values).map(|(a, b)| u64::from(a.abs_diff(*b)));
    distances.sum::<u64>() as f64 / reference.values.len() as f64
}
