import type { Parameters } from "./parameters.js";

/** Options of the provider, and the modifiers of a picture. */
export interface ProviderOptions {
  /** Parameters, and `fit` and `background` of `<NuxtImg>`. */
  modifiers?: Record<string, unknown>;
  /** Where the server is: `https://img.example`. */
  baseURL?: string;
  /** The parameters of every picture; `format=auto`, `quality=80` and `enlarge=false` by default. */
  params?: Parameters;
}

/** The URL of a picture with the modifiers of `<NuxtImg>`. */
export declare function getImage(src: string, options?: ProviderOptions): { url: string };

declare const provider: () => { getImage: typeof getImage };
export default provider;
