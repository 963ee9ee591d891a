//! The steps of a plan.

/// An eye, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// How far it is from the other one: what sizes are measured by.
    pub distance: f64,
}

/// How strong and how wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpen {
    /// How often the difference to the blurred picture is added.
    pub strength: f64,
    /// Of the blur, in pixels.
    pub sigma: f64,
}
