// A provider of unpic: extract, generate, transform.

import { adapted, located, pictureUrl } from "./frameworks.js";

/** Takes a URL apart: the picture, and its parameters. */
export function extract(url, { base = "" } = {}) {
  const { path, own } = located(url, base);
  const { source_url: elsewhere, ...operations } = own;
  if (elsewhere) return { src: elsewhere, operations, options: { base } };
  return { src: path, operations, options: { base } };
}

/** The URL of a picture with these parameters. */
export function generate(src, operations = {}, options = {}) {
  return pictureUrl(src, adapted(operations), options);
}

/** The URL of a picture with these parameters in addition to those that it has. */
export function transform(src, operations = {}, options = {}) {
  return generate(src, operations, options);
}
