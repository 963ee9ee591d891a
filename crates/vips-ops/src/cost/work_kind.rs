//! The kinds of work that a render consists of, each with its unit.

/// A kind of work. MP are megapixels, MB megabytes (millions of bytes) of the file or of samples (one byte per band and
/// pixel at 8 bits). Kinds without a unit are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// A request.
    Request,
    /// A frame of an animation, through all steps.
    Frame,
    /// Opening a JPEG.
    JpegOpen,
    /// Entropy decoding a JPEG, MB of the file.
    JpegByte,
    /// Decoding a JPEG at full size, MB of samples.
    JpegFull,
    /// Decoding a JPEG at 1/2 size, MB of stored samples.
    JpegHalf,
    /// Decoding a JPEG at 1/4 size, MB of stored samples.
    JpegQuarter,
    /// Decoding a JPEG at 1/8 size, MB of stored samples.
    JpegEighth,
    /// A further scan of a progressive JPEG, MB of stored samples.
    JpegScan,
    /// Opening a PNG.
    PngOpen,
    /// Inflating a PNG, MB of the file.
    PngByte,
    /// Unfiltering a PNG, MB of samples.
    PngSample,
    /// Opening a WebP.
    WebpOpen,
    /// Entropy decoding a WebP, MB of the file.
    WebpByte,
    /// Decoding lossy WebP, MP.
    WebpLossy,
    /// Decoding lossless WebP, MP.
    WebpLossless,
    /// Compositing the frames of an animated WebP, MP of all frames.
    WebpFrame,
    /// Opening a GIF.
    GifOpen,
    /// LZW decoding a GIF, MB of the file.
    GifByte,
    /// Compositing the frames of a GIF, MP of all frames.
    GifPixel,
    /// Opening an AVIF.
    AvifOpen,
    /// Entropy decoding an AVIF, MB of the file.
    AvifByte,
    /// Decoding an AVIF, MP.
    AvifPixel,
    /// Opening a TIFF.
    TiffOpen,
    /// Decompressing a TIFF, MB of the file.
    TiffByte,
    /// Decoding a TIFF, MB of samples.
    TiffSample,
    /// Decoding BMP and ICO, MP.
    BitmapPixel,
    /// Parsing an SVG, MB of text.
    SvgByte,
    /// Rendering SVG elements, thousands.
    SvgElement,
    /// Rasterising an SVG, MP.
    SvgPixel,
    /// SVG filter primitives, MP.
    SvgPrimitive,
    /// Octaves of SVG turbulence, MP.
    SvgOctave,
    /// Neighbours visited by SVG morphology, thousand millions.
    SvgNeighbour,
    /// Downscaling, MB of input samples.
    ShrinkIn,
    /// Downscaling, MB of output samples.
    ShrinkOut,
    /// Upscaling, MB of output samples.
    Enlarge,
    /// Premultiplying or unpremultiplying alpha, MP.
    Alpha,
    /// Opening an ICC profile.
    ProfileOpen,
    /// Opening a CMYK profile.
    ProfileInks,
    /// Converting colours by a profile, MP.
    Profile,
    /// Converting bit depth or colour space without a profile, MP.
    Convert,
    /// Rotation by 90 degrees and mirroring, MB of samples.
    QuarterTurn,
    /// Rotation by other angles, MB of samples of the canvas.
    Rotate,
    /// Rotation by other angles with alpha, MP of the canvas.
    RotateAlpha,
    /// Searching for the most interesting window, MP.
    Interest,
    /// Canvas and padding, MB of samples.
    Canvas,
    /// Trimming: searching for a border of one colour, MB of samples.
    Trim,
    /// Analysing a thumbnail.
    Thumbnail,
    /// Red-eye correction, MB of samples.
    RedEye,
    /// Applying a lookup table, MP.
    ToneTable,
    /// Measuring a histogram, MP.
    ToneMeasure,
    /// Applying a colour matrix, MP.
    ToneMatrix,
    /// A fused pass of pixel operations, MP.
    TonePass,
    /// A pixel operation, MP.
    ToneOperation,
    /// A pixel operation that needs the local luminance, MP.
    ToneLight,
    /// Blur, MB of samples.
    Blur,
    /// Blur, MB of samples times sigma.
    BlurSigma,
    /// Sharpening, MB of samples.
    Sharpen,
    /// Sharpening, MB of samples times sigma.
    SharpenSigma,
    /// Preparing an image for overlays, MP.
    OverlayBase,
    /// Compositing overlays, MP of the overlays.
    Overlay,
    /// Laying out a text.
    Text,
    /// Rendering a text, MP.
    TextPixel,
    /// Starting a JPEG encoder.
    EncodeJpeg,
    /// Encoding JPEG 4:2:0, MB of samples.
    EncodeJpegHalf,
    /// Encoding JPEG 4:4:4, MB of samples.
    EncodeJpegFull,
    /// Additional cost of a progressive JPEG, MB of samples.
    EncodeJpegPasses,
    /// Starting a PNG encoder.
    EncodePng,
    /// Encoding PNG, MB of samples times the factor of the compression level.
    EncodePngSample,
    /// Counting and indexing the colours of a PNG, MP.
    EncodePngPalette,
    /// Starting a WebP encoder.
    EncodeWebp,
    /// Encoding WebP, MP of all frames times the factor of the effort.
    EncodeWebpPixel,
    /// Starting an AVIF encoder.
    EncodeAvif,
    /// Encoding AVIF 4:2:0, MP times the factor of the effort.
    EncodeAvifHalf,
    /// Encoding AVIF 4:4:4, MP times the factor of the effort.
    EncodeAvifFull,
    /// A frame of an encoded GIF.
    EncodeGif,
    /// Encoding GIF, MP of all frames times the factor of the effort.
    EncodeGifPixel,
    /// Starting an H.264 encoder.
    EncodeMp4,
    /// Encoding H.264, MP of all frames.
    EncodeMp4Pixel,
    /// Comparing by SSIM, MP.
    CompareSsim,
    /// Comparing by mean pixel error, MP.
    CompareMpe,
    /// Comparing by `SmallFry`, MP.
    CompareSmallfry,
    /// Comparing by SSIMULACRA2, MP.
    CompareSsimulacra2,
}

impl WorkKind {
    /// The number of kinds.
    pub const COUNT: usize = Self::CompareSsimulacra2 as usize + 1;
}
