// Generated from the table of parameters by `make docs`.

/** An edge or the center of an image. */
export type Edge = "left" | "right" | "top" | "bottom" | "center";

/** A position, such as `bottom,right`. */
export type Position = Edge | `${Edge},${Edge}`;

/** What the layers of images and those of texts have in common. */
export interface LayerPlace {
  /** Where the layer is anchored; in the center by default. */
  pos?: Position;
  /** The size of its bounding box in percent of the image, up to 200; 100 by default. */
  scale?: number;
  /** Whether it may be upscaled; true by default. */
  upscale?: boolean;
  /** The position of its left edge in pixels; overrides `pos`. */
  x?: number;
  /** The position of its top edge in pixels; overrides `pos`. */
  y?: number;
  /** Its opacity in percent; 100 by default. */
  alpha?: number;
  /** Moves it inwards from the edges of `pos`, in pixels. */
  offset?: number;
  /** Whether the request fails if the layer cannot be drawn. */
  required?: boolean;
  /** Rotates it clockwise, in degrees. */
  angle?: number;
}

/** An image that is drawn over the image. */
export interface ImageLayer extends LayerPlace {
  /** A path on the same origin, which may have parameters, or a URL. */
  url: string;
  text?: never;
}

/** A text that is drawn over the image. */
export interface TextLayer extends LayerPlace {
  /** At most 1000 characters. */
  text: string;
  /** Family, styles and size, such as `Sans Bold 20`. */
  font?: string;
  /** Its colour; black by default. */
  color?: string;
  url?: never;
}

/** A layer. */
export type Layer = ImageLayer | TextLayer;

/** A look of `filter`. */
export type FilterName = "grayscale" | "sepia" | "noir" | "silver" | "selenium" | "cyanotype" | "vintage" | "instant" | "chrome" | "vivid" | "matte" | "golden" | "frost" | "cross" | "bleach" | "lomo" | "cinema" | "moonlight" | "poster" | "negative";

/** The parameters of a picture. Absent, null and undefined mean the same. */
export interface Parameters {
  /** Scales to this width in pixels. Values: a whole number from 1 to 65535. Default: by `height` and the aspect ratio. */
  width?: number | `${number}` | null;
  /** The same as `width`. */
  w?: number | `${number}` | null;
  /** Scales to this height in pixels. Values: a whole number from 1 to 65535. Default: by `width` and the aspect ratio. */
  height?: number | `${number}` | null;
  /** The same as `height`. */
  h?: number | `${number}` | null;
  /** Multiplies `width` and `height` by the device pixel ratio. Values: a number from 0.1 to 10. Default: 1. */
  dpr?: number | `${number}` | null;
  /** The same as `dpr`. */
  scale?: number | `${number}` | null;
  /** Whether the image may be upscaled. Default: true. */
  enlarge?: boolean | "true" | "false" | null;
  /** Crops the image to the bounding box of `width` and `height`, or to a region. Values: fit, top, bottom, pad, stretch, zoom, face, entropy or x,y,width,height. Default: no crop. */
  crop?: "fit" | "top" | "bottom" | "pad" | "stretch" | "zoom" | "face" | "entropy" | `${string},${string},${number},${number}` | readonly [x: number | "center", y: number | "center", width: number, height: number] | null;
  /** Rotates clockwise by this many degrees. Default: 0. */
  rotate?: number | `${number}` | null;
  /** Rotates counterclockwise by this many degrees. Default: 0. */
  angle?: number | `${number}` | null;
  /** Mirrors the image left to right. Default: false. */
  flip?: boolean | "true" | "false" | null;
  /** Rotates the image upright by its EXIF orientation, and removes that tag. Default: true. */
  autorotate?: boolean | "true" | "false" | null;
  /** Removes a border of one colour, before all other steps. Default: no trimming. */
  trim?: "color" | null;
  /** The colour that `trim=color` removes. Values: a colour. Default: white. */
  trim_color?: string | null;
  /** Adds a border of this many pixels. Values: a whole number from 0 to 65535. Default: 0. */
  pad?: number | `${number}` | null;
  /** The colour of padding, borders and blank corners, and behind transparency when alpha is removed. Values: a colour. Default: white. */
  pad_color?: string | null;
  /** Corrects red eyes caused by a flash. Default: false. */
  redeye?: boolean | "true" | "false" | null;
  /** Corrects the white balance. Default: false. */
  auto_level?: boolean | "true" | "false" | null;
  /** Corrects brightness and contrast by the image's histogram (automatic levels). Default: false. */
  auto_fix?: boolean | "true" | "false" | null;
  /** Brightens dark areas like a fill flash. Values: a number from 0 to 1. Default: 0. */
  fill_flash?: number | `${number}` | null;
  /** Lifts or deepens shadows. Values: a number from -1 to 1. Default: 0. */
  shadow?: number | `${number}` | null;
  /** The same as `shadow`. */
  shadows?: number | `${number}` | null;
  /** Lifts or recovers highlights. Values: a number from -1 to 1. Default: 0. */
  highlights?: number | `${number}` | null;
  /** Makes the image brighter or darker. Values: a number from -1 to 1. Default: 0. */
  brightness?: number | `${number}` | null;
  /** Raises or lowers the contrast around mid grey. Values: a number from -1 to 1. Default: 0. */
  contrast?: number | `${number}` | null;
  /** Makes mid-tones lighter or darker; black and white are kept. Values: a number from -1 to 1. Default: 0. */
  gamma?: number | `${number}` | null;
  /** Makes colours warmer or colder. Values: a number from -1 to 1. Default: 0. */
  warmth?: number | `${number}` | null;
  /** Raises or lowers the saturation of all colours. Values: a number from -1 to 1. Default: 0. */
  saturation?: number | `${number}` | null;
  /** Raises or lowers the saturation of dull colours. Values: a number from -1 to 1. Default: 0. */
  vibrance?: number | `${number}` | null;
  /** Applies one of twenty colour presets (looks). Values: 1 to 20, or grayscale, sepia, noir, silver, selenium, cyanotype, vintage, instant, chrome, vivid, matte, golden, frost, cross, bleach, lomo, cinema, moonlight, poster, negative. Default: no preset. */
  filter?: number | FilterName | null;
  /** Tints the image with one colour, keeping its luma. Values: a colour. Default: no colour. */
  colorize?: string | null;
  /** The strength of `colorize`, in percent. Values: a whole number from 1 to 100. Default: 1. */
  colorize_intensity?: number | `${number}` | null;
  /** Sharpens the image (unsharp mask). Values: a number from 0 to 100. Default: 0. */
  sharp_amount?: number | `${number}` | null;
  /** The radius of `sharp_amount`. Values: a whole number from 1 to 100. Default: 10. */
  sharp_radius?: number | `${number}` | null;
  /** Draws images and texts over the image. Default: none. */
  layers?: readonly Layer[] | string | null;
  /** Draws a watermark over the image. Values: path below the origin, or URL. Default: no watermark. */
  mark?: string | null;
  /** Opacity of the watermark in percent. Values: a number from 0 to 100. Default: 100. */
  mark_alpha?: number | `${number}` | null;
  /** Fits the watermark to a square of this many percent of the image's smaller side. Values: a number from 1 to 200. Default: the watermark's own size. */
  mark_scale?: number | `${number}` | null;
  /** Allows upscaling the watermark to the size set by `mark_scale`. Default: false. */
  mark_upscale?: boolean | "true" | "false" | null;
  /** The position of the watermark. Values: `left`, `right`, `top`, `bottom`, `center`. Default: center. */
  mark_pos?: Position | readonly Edge[] | null;
  /** Moves the watermark inwards from the edges of `mark_pos`, in percent of the image's side. Values: a number from 0 to 100. Default: 0. */
  mark_offset?: number | `${number}` | null;
  /** Fails if the watermark is not available. Default: false. */
  mark_required?: boolean | "true" | "false" | null;
  /** Removes the alpha channel. Default: false. */
  flatten?: boolean | "true" | "false" | null;
  /** Removes the alpha channel and outputs JPEG. Default: false. */
  force_jpg?: boolean | "true" | "false" | null;
  /** The output format. Default: the format of the original; PNG or JPEG if it is not an output format. */
  format?: "jpeg" | "png" | "webp" | "avif" | "gif" | "mp4" | "auto" | null;
  /** The quality of lossy formats, on the scale of JPEG. Values: a whole number from 1 to 100, or auto. Default: the quality of the source if it is a JPEG, else 90. */
  quality?: number | "auto" | null;
  /** The number of encoding attempts of `quality=auto`. Values: a whole number from 1 to 10. Default: 6, or as configured. */
  quality_attempts?: number | `${number}` | null;
  /** The metric of `quality=auto`. Default: ssimulacra2, or as configured. */
  quality_method?: "ssim" | "mpe" | "smallfry" | "ssimulacra2" | null;
  /** The target of `quality=auto`, as a keyword. Default: medium, or as configured. */
  quality_preset?: "low" | "medium" | "high" | "veryhigh" | null;
  /** The score that `quality_method` has to reach for `quality=auto`. Values: a number from 0 to 255. Default: that of the preset. */
  quality_target?: number | `${number}` | null;
  /** The lowest quality that `quality=auto` may choose. Values: a whole number from 1 to 100. Default: 40, or as configured. */
  quality_min?: number | `${number}` | null;
  /** The highest quality that `quality=auto` may choose. Values: a whole number from 1 to 100. Default: 90, or as configured. */
  quality_max?: number | `${number}` | null;
  /** Encodes progressive JPEG and interlaced PNG. Default: false. */
  interlace?: boolean | "true" | "false" | null;
  /** Removes EXIF, XMP, IPTC and comments. Default: false. */
  strip_exif?: boolean | "true" | "false" | null;
  /** Responds with a JSON description of the image instead of the image. Default: false. */
  meta?: boolean | "true" | "false" | null;
  /** Includes detected faces in the description. Default: false. */
  face?: boolean | "true" | "false" | null;
  /** Includes the image in its description, in base64. Default: false. */
  include_image_data?: boolean | "true" | "false" | null;
  /** Responds with a JSON description of the content of the original instead of the image. Values: nsfw, labels, or both joined by a comma. Default: the image itself. */
  recognition?: "nsfw" | "labels" | readonly ("nsfw" | "labels")[] | null;
  /** Blurs the image (Gaussian blur). Values: a number from 0 to 100. Default: 0. */
  blur?: number | `${number}` | null;
  /** Fetches the original from another base URL or host. Default: the configured origin. */
  origin?: string | null;
  /** The same as `origin`. */
  hostname?: string | null;
  /** Fetches the original from an absolute URL; the path of the request is `/`. Default: the configured origin, and the path of the request. */
  source_url?: string | null;
  /** Sends another `Host` header to the origin. Default: the host of the origin's URL. */
  host_header?: string | null;
  /** Connects to this address instead of looking up the host name. Default: the addresses of the host name. */
  resolve?: string | null;
  /** Fetches the original from another bucket. Default: the configured origin. */
  bucket?: string | null;
  /** The region of the bucket. Default: looked up. */
  region?: string | null;
  /** Applies parameters that the operator has defined under a name. Values: names of presets, joined by comma. Default: no preset. */
  preset?: string | readonly string[] | null;
  /** Responds at once with the location of a status; the image is rendered in the background. Default: false. */
  async?: boolean | "true" | "false" | null;
  /** Stores the processed upload as the original of its path. Default: false. */
  cache_processed?: boolean | "true" | "false" | null;
  /** Renders further variants of the same original and stores them. Default: none. */
  cache_queries?: readonly string[] | string | null;
  /** When a signed URL expires, in seconds since 1970. Values: seconds of Unix time. Default: it does not expire. */
  expires?: number | `${number}` | null;
}

/** What is known of a parameter. */
export interface Parameter {
  kind: "whole" | "decimal" | "number" | "boolean" | "keyword" | "json" | "source" | "text";
  /** The lowest value. */
  min?: number;
  /** The highest value. */
  max?: number;
  /** All values. */
  words?: readonly string[];
  /** Other names. */
  aliases?: readonly string[];
}

/** Every parameter by its name. */
export declare const PARAMETERS: {
  readonly width: { readonly kind: "whole"; readonly min: 1; readonly max: 65535; readonly aliases: readonly ["w"] };
  readonly height: { readonly kind: "whole"; readonly min: 1; readonly max: 65535; readonly aliases: readonly ["h"] };
  readonly dpr: { readonly kind: "decimal"; readonly min: 0.1; readonly max: 10; readonly aliases: readonly ["scale"] };
  readonly enlarge: { readonly kind: "boolean" };
  readonly crop: { readonly kind: "text" };
  readonly rotate: { readonly kind: "number" };
  readonly angle: { readonly kind: "number" };
  readonly flip: { readonly kind: "boolean" };
  readonly autorotate: { readonly kind: "boolean" };
  readonly trim: { readonly kind: "keyword"; readonly words: readonly ["color"] };
  readonly trim_color: { readonly kind: "text" };
  readonly pad: { readonly kind: "whole"; readonly min: 0; readonly max: 65535 };
  readonly pad_color: { readonly kind: "text" };
  readonly redeye: { readonly kind: "boolean" };
  readonly auto_level: { readonly kind: "boolean" };
  readonly auto_fix: { readonly kind: "boolean" };
  readonly fill_flash: { readonly kind: "decimal"; readonly min: 0; readonly max: 1 };
  readonly shadow: { readonly kind: "decimal"; readonly min: -1; readonly max: 1; readonly aliases: readonly ["shadows"] };
  readonly highlights: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly brightness: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly contrast: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly gamma: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly warmth: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly saturation: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly vibrance: { readonly kind: "decimal"; readonly min: -1; readonly max: 1 };
  readonly filter: { readonly kind: "text" };
  readonly colorize: { readonly kind: "text" };
  readonly colorize_intensity: { readonly kind: "whole"; readonly min: 1; readonly max: 100 };
  readonly sharp_amount: { readonly kind: "decimal"; readonly min: 0; readonly max: 100 };
  readonly sharp_radius: { readonly kind: "whole"; readonly min: 1; readonly max: 100 };
  readonly layers: { readonly kind: "json" };
  readonly mark: { readonly kind: "text" };
  readonly mark_alpha: { readonly kind: "decimal"; readonly min: 0; readonly max: 100 };
  readonly mark_scale: { readonly kind: "decimal"; readonly min: 1; readonly max: 200 };
  readonly mark_upscale: { readonly kind: "boolean" };
  readonly mark_pos: { readonly kind: "text" };
  readonly mark_offset: { readonly kind: "decimal"; readonly min: 0; readonly max: 100 };
  readonly mark_required: { readonly kind: "boolean" };
  readonly flatten: { readonly kind: "boolean" };
  readonly force_jpg: { readonly kind: "boolean" };
  readonly format: { readonly kind: "keyword"; readonly words: readonly ["jpeg", "png", "webp", "avif", "gif", "mp4", "auto"] };
  readonly quality: { readonly kind: "text" };
  readonly quality_attempts: { readonly kind: "whole"; readonly min: 1; readonly max: 10 };
  readonly quality_method: { readonly kind: "keyword"; readonly words: readonly ["ssim", "mpe", "smallfry", "ssimulacra2"] };
  readonly quality_preset: { readonly kind: "keyword"; readonly words: readonly ["low", "medium", "high", "veryhigh"] };
  readonly quality_target: { readonly kind: "decimal"; readonly min: 0; readonly max: 255 };
  readonly quality_min: { readonly kind: "whole"; readonly min: 1; readonly max: 100 };
  readonly quality_max: { readonly kind: "whole"; readonly min: 1; readonly max: 100 };
  readonly interlace: { readonly kind: "boolean" };
  readonly strip_exif: { readonly kind: "boolean" };
  readonly meta: { readonly kind: "boolean" };
  readonly face: { readonly kind: "boolean" };
  readonly include_image_data: { readonly kind: "boolean" };
  readonly recognition: { readonly kind: "text" };
  readonly blur: { readonly kind: "decimal"; readonly min: 0; readonly max: 100 };
  readonly origin: { readonly kind: "source"; readonly aliases: readonly ["hostname"] };
  readonly source_url: { readonly kind: "source" };
  readonly host_header: { readonly kind: "source" };
  readonly resolve: { readonly kind: "source" };
  readonly bucket: { readonly kind: "source" };
  readonly region: { readonly kind: "source" };
  readonly preset: { readonly kind: "text" };
  readonly async: { readonly kind: "boolean" };
  readonly cache_processed: { readonly kind: "boolean" };
  readonly cache_queries: { readonly kind: "json" };
  readonly expires: { readonly kind: "text" };
};
