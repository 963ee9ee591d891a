//! The kinds of work that a render is made of, each with its unit.

/// A kind of work. MP are millions of pixels, MB millions of bytes, of samples where pixels are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// A request.
    Request,
    /// An animation's frame through all steps.
    Frame,
    /// JPEG opened.
    JpegOpen,
    /// JPEG decoded, MB of the file.
    JpegByte,
    /// JPEG decoded at full size, MB of samples.
    JpegFull,
    /// JPEG decoded at half a side, MB of stored samples.
    JpegHalf,
    /// JPEG decoded at a quarter of a side, MB of stored samples.
    JpegQuarter,
    /// JPEG decoded at an eighth of a side, MB of stored samples.
    JpegEighth,
    /// A scan of a progressive JPEG, MB of stored samples.
    JpegScan,
    /// PNG opened.
    PngOpen,
    /// PNG inflated, MB of the file.
    PngByte,
    /// PNG unfiltered, MB of samples.
    PngSample,
    /// WebP opened.
    WebpOpen,
    /// WebP decoded, MB of the file.
    WebpByte,
    /// WebP with loss decoded, MP.
    WebpLossy,
    /// WebP without loss decoded, MP.
    WebpLossless,
    /// WebP's frames put together, MP of all frames.
    WebpFrame,
    /// GIF opened.
    GifOpen,
    /// GIF decoded, MB of the file.
    GifByte,
    /// GIF decoded, MP of all frames.
    GifPixel,
    /// AVIF opened.
    AvifOpen,
    /// AVIF decoded, MB of the file.
    AvifByte,
    /// AVIF decoded, MP.
    AvifPixel,
    /// TIFF opened.
    TiffOpen,
    /// TIFF decoded, MB of the file.
    TiffByte,
    /// TIFF decoded, MB of samples.
    TiffSample,
    /// BMP and ICO decoded, MP.
    BitmapPixel,
    /// SVG parsed, MB of text.
    SvgByte,
    /// SVG's elements drawn, thousands.
    SvgElement,
    /// SVG rasterised, MP.
    SvgPixel,
    /// Filter primitives of SVG, MP.
    SvgPrimitive,
    /// Octaves of turbulence, MP.
    SvgOctave,
    /// Neighbours that morphology looks at, thousand millions.
    SvgNeighbour,
    /// Shrinking, MB of samples in.
    ShrinkIn,
    /// Shrinking, MB of samples out.
    ShrinkOut,
    /// Enlarging, MB of samples out.
    Enlarge,
    /// Colours multiplied by opacity or divided by it, MP.
    Alpha,
    /// A profile opened.
    ProfileOpen,
    /// A profile of inks opened.
    ProfileInks,
    /// Colours converted by a profile, MP.
    Profile,
    /// Samples of other depths and colour spaces converted without one, MP.
    Convert,
    /// Quarter turns and mirrors, MB of samples.
    QuarterTurn,
    /// Turns by other angles, MB of samples of the canvas.
    Rotate,
    /// Turns by other angles of what can be transparent, MP of the canvas.
    RotateAlpha,
    /// The most interesting window looked for, MP.
    Interest,
    /// Canvases and borders, MB of samples.
    Canvas,
    /// A border of one colour looked for, MB of samples.
    Trim,
    /// A small copy looked at.
    Thumbnail,
    /// Red eyes looked for, MB of samples.
    RedEye,
    /// A lookup table applied, MP.
    ToneTable,
    /// A histogram taken, MP.
    ToneMeasure,
    /// A matrix applied, MP.
    ToneMatrix,
    /// A pass of operations on pixels, MP.
    TonePass,
    /// An operation on pixels, MP.
    ToneOperation,
    /// An operation on pixels that asks for the light around them, MP.
    ToneLight,
    /// Blur, MB of samples.
    Blur,
    /// Blur, MB of samples times sigma.
    BlurSigma,
    /// Sharpening, MB of samples.
    Sharpen,
    /// Sharpening, MB of samples times sigma.
    SharpenSigma,
    /// A picture made ready to be drawn on, MP.
    OverlayBase,
    /// Overlays drawn, MP of overlay.
    Overlay,
    /// A text set.
    Text,
    /// A text drawn, MP.
    TextPixel,
    /// JPEG encoded.
    EncodeJpeg,
    /// JPEG encoded, MB of samples with colour at half the resolution.
    EncodeJpegHalf,
    /// JPEG encoded, MB of samples with colour at full resolution.
    EncodeJpegFull,
    /// JPEG encoded in passes, MB of samples, beside what one pass takes.
    EncodeJpegPasses,
    /// PNG encoded.
    EncodePng,
    /// PNG encoded, MB of samples, times what its compression costs.
    EncodePngSample,
    /// Colours of a PNG counted and numbered, MP.
    EncodePngPalette,
    /// WebP encoded.
    EncodeWebp,
    /// WebP encoded, MP of all frames, times what its effort costs.
    EncodeWebpPixel,
    /// AVIF encoded.
    EncodeAvif,
    /// AVIF encoded, MP with colour at half the resolution, times what its effort costs.
    EncodeAvifHalf,
    /// AVIF encoded, MP with colour at full resolution, times what its effort costs.
    EncodeAvifFull,
    /// A frame of a GIF encoded.
    EncodeGif,
    /// GIF encoded, MP of all frames, times what its effort costs.
    EncodeGifPixel,
    /// MP4 begun.
    EncodeMp4,
    /// MP4 encoded, MP of all frames.
    EncodeMp4Pixel,
    /// Compared by SSIM, MP.
    CompareSsim,
    /// Compared by mean error, MP.
    CompareMpe,
    /// Compared by smallfry, MP.
    CompareSmallfry,
    /// Compared by SSIMULACRA2, MP.
    CompareSsimulacra2,
}

impl WorkKind {
    /// How many there are.
    pub const COUNT: usize = Self::CompareSsimulacra2 as usize + 1;
}
