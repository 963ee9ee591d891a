//! The order of the pipeline: the one place that states it.

/// A step of the pipeline, in the order in which a picture goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Open and decode, shrunk by the decoder where it can: the cheapest pixels are those never made.
    Load,
    /// Turn upright by EXIF: every later parameter speaks of the picture as it is seen.
    Orient,
    /// Cut a border of one colour: it is not part of the picture that is framed.
    Trim,
    /// Correct red eyes: at full resolution, where the eyes were found.
    Redeye,
    /// Turn as asked: sizes are asked for the turned picture.
    Rotate,
    /// Mirror, after turning, so that a half turn and a mirror make a vertical flip.
    Flip,
    /// Keep the window of interest: it is what is scaled.
    Window,
    /// Scale.
    Resize,
    /// Convert to sRGB: on the small picture, and before any colour that the request names is painted.
    Profile,
    /// Cut to the box.
    Crop,
    /// White balance: before anything that judges colours.
    AutoLevel,
    /// Black, white and mid grey: on the balanced picture.
    AutoFix,
    /// Light from the camera.
    FillFlash,
    /// Shadows and highlights.
    ShadowsHighlights,
    /// Brightness and contrast: wishes come after corrections.
    BrightnessContrast,
    /// Mid tones.
    Gamma,
    /// Warm or cold light.
    Warmth,
    /// All colours.
    Saturation,
    /// Dull colours.
    Vibrance,
    /// A look, over the corrected picture.
    Filter,
    /// One colour, over the look.
    Colorize,
    /// Blur.
    Blur,
    /// Sharpen: what a blur left.
    Sharpen,
    /// Lay pictures and texts over it: they are to be seen as they are, whatever was done to the picture.
    Layers,
    /// Lay the watermark over all of it.
    Mark,
    /// Add a border: around the finished picture.
    Pad,
    /// Remove alpha: last, since everything before may make use of it.
    Flatten,
    /// Compress.
    Encode,
}
