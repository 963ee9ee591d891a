//! Luma, and smooth interpolation between two values.

/// Weights of red, green and blue in luma (ITU-R BT.709-6, 3.2).
pub const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The luma of a colour, 0 to 1.
pub fn luma([red, green, blue]: [f32; 3]) -> f32 {
    LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
}

/// Hermite interpolation from 0 at `from` to 1 at `to` (as GLSL's `smoothstep`).
pub fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
