//! The sRGB transfer function (IEC 61966-2-1) and its inverse, for values from 0 to 1.

/// Linear light of an sRGB-encoded value.
pub fn linear(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB-encoded value of linear light, clamped to 0 to 1.
pub fn encoded(linear: f32) -> f32 {
    let light = linear.clamp(0.0, 1.0);
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_round_trips() {
        for level in 0..=255u8 {
            let value = f32::from(level) / 255.0;
            assert!((encoded(linear(value)) - value).abs() < 1e-5, "{level}");
        }
        assert!((linear(0.5) - 0.214_041).abs() < 1e-5);
    }
}
