import type { Parameters } from "./parameters.js";

/** Parameters, and `jpg` for `jpeg`. */
export type PixmillOperations = Omit<Parameters, "format"> & { format?: Parameters["format"] | "jpg" };

/** Where the server is, and the parameters of every picture. */
export interface PixmillOptions {
  /** Such as `https://img.example`. */
  base?: string;
  /** `format=auto`, `quality=80` and `enlarge=false` by default. */
  params?: Parameters;
}

/** Takes a URL apart: the picture, and its parameters. */
export declare function extract(
  url: string | URL,
  options?: PixmillOptions,
): { src: string; operations: Record<string, string>; options: PixmillOptions };

/** The URL of a picture with these parameters. */
export declare function generate(src: string | URL, operations?: PixmillOperations, options?: PixmillOptions): string;

/** The URL of a picture with these parameters in addition to those that it has: the `transformer` of unpic's components. */
export declare function transform(src: string | URL, operations?: PixmillOperations, options?: PixmillOptions): string;
