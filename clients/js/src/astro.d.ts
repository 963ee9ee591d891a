import type { Parameters } from "./parameters.js";

/** `image.service.config`: where the server is, and the parameters of every picture. */
export interface ServiceConfig {
  /** Such as `https://img.example`. */
  base?: string;
  /** `format=auto`, `quality=80` and `enlarge=false` by default. */
  params?: Parameters;
}

/** A picture as Astro describes it. */
export interface Transform {
  src: string | { src: string; width: number; height: number; format: string };
  width?: number;
  height?: number;
  widths?: number[];
  densities?: (number | `${number}x`)[];
  [option: string]: unknown;
}

/** The service, for `image.service.entrypoint`. */
declare const service: {
  validateOptions(options: Transform): Transform;
  getURL(options: Transform, imageConfig?: { service?: { config?: ServiceConfig } }): string;
  getSrcSet(options: Transform): { transform: Transform; descriptor: string }[];
  getHTMLAttributes(options: Transform): Record<string, unknown>;
};
export default service;
