import type { Parameters } from "./parameters.js";

export * from "./parameters.js";

/** A call that the server would refuse or misunderstand; `message` says what was expected. */
export declare class PixmillError extends Error {}

/** How a URL is signed. */
export interface SignOptions {
  /** Signs for uploading a picture (POST) instead of fetching one. */
  upload?: boolean;
  /** A prefix of the path that a proxy in front removes, such as `/images`: it is not signed. */
  stripPrefix?: string;
}

/** The sizes of a srcset: widths in pixels, or pixel densities of a picture with `width` or `height`. */
export interface SourceOptions {
  /** {@link WIDTHS} by default. */
  widths?: readonly number[];
  densities?: readonly number[];
}

/** The default widths of a srcset, in pixels. */
export declare const WIDTHS: readonly number[];

/**
 * The URL of a picture.
 *
 * @param base where the server is: `https://img.example`, with a path if it is below one; "" for a path alone
 * @param path the path of the original as plain text, not percent-encoded
 * @param params the parameters; names and ranges are checked
 * @throws PixmillError
 */
export declare function buildUrl(base: string, path: string, params?: Parameters): string;

/**
 * The URL with its signature.
 *
 * @param key the secret key of the server, at least 16 bytes: never send it to a browser
 */
export declare function signUrl(url: string, key: string, options?: SignOptions): Promise<string>;

/** The text that the signature of a URL covers, to find out why a signature is wrong. */
export declare function signedText(url: string, options?: SignOptions): string;

/**
 * The value of the attribute `srcset`. With widths, `height` is scaled with `width`.
 *
 * @throws PixmillError
 */
export declare function srcset(base: string, path: string, params?: Parameters, options?: SourceOptions): string;

/** The same, with signed URLs. */
export declare function signedSrcset(
  base: string,
  path: string,
  params: Parameters | undefined,
  options: SourceOptions & { key: string; stripPrefix?: string },
): Promise<string>;

/** The sources of a srcset, each as URL and descriptor. */
export declare function sources(
  base: string,
  path: string,
  params?: Parameters,
  options?: SourceOptions,
): [url: string, descriptor: string][];
