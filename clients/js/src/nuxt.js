// A provider of @nuxt/image.

import { adapted, pictureUrl } from "./frameworks.js";

/** The URL of a picture with the modifiers of `<NuxtImg>`. */
export function getImage(src, { modifiers = {}, baseURL = "", params } = {}) {
  const given = Object.entries(modifiers).filter(([, value]) => value !== undefined && value !== "");
  return { url: pictureUrl(src, adapted(Object.fromEntries(given)), { base: baseURL, params }) };
}

const provider = { getImage };

export default () => provider;
