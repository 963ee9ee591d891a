//! Mean pixel error: how far luma is off, in levels.

use super::plane::Plane;

/// The mean distance; 0 is equal.
pub fn compare(reference: &Plane<u8>, other: &Plane<u8>) -> f64 {
    let distances = reference.values.iter().zip(&other.values).map(|(a, b)| u64::from(a.abs_diff(*b)));
    distances.sum::<u64>() as f64 / reference.values.len() as f64
}
