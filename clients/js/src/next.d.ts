import type { Parameters } from "./parameters.js";

/** Where the server is, and the parameters of every picture. */
export interface LoaderOptions {
  /** Such as `https://img.example`. */
  base?: string;
  /** `format=auto`, `quality=80` and `enlarge=false` by default. */
  params?: Parameters;
}

/** A loader of next/image. */
export type Loader = (picture: { src: string; width: number; quality?: number }) => string;

/** A loader, for the default export of the file that `images.loaderFile` names. */
export declare function createLoader(options?: LoaderOptions): Loader;
