// A loader of next/image.

import { adapted, pictureUrl } from "./frameworks.js";

/** A loader, for the default export of the file that `images.loaderFile` names. */
export function createLoader({ base, params } = {}) {
  return ({ src, width, quality }) => pictureUrl(src, adapted({ width, quality }), { base, params });
}
