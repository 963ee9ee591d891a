// What the integrations of frameworks share: sources as frameworks have them, and the values of their common options.

import { decoded } from "./escape.js";
import { buildUrl } from "./index.js";
import { PARAMETERS } from "./parameters.js";
import { PixmillError, pairs } from "./values.js";

/** What the pictures of a site have in common: the format that suits the browser, and never more pixels than the original. */
export const DEFAULTS = Object.freeze({ format: "auto", quality: 80, enlarge: false });

/** `object-fit` of CSS and of other image services, as parameters. */
const FITS = {
  cover: { crop: "fit" },
  contain: { crop: "pad" },
  fill: { crop: "stretch" },
  inside: {},
  none: {},
  "scale-down": { enlarge: false },
};

/** Modes of `crop` that select a part of the picture, by the words of other image services. */
const POSITIONS = { top: "top", bottom: "bottom", entropy: "entropy", attention: "entropy", face: "face" };

const QUALITIES = { low: "low", mid: "medium", high: "high", max: "veryhigh" };

/**
 * The URL of a picture of a site.
 *
 * @param source a path, percent-encoded or not, or a URL; the parameters in its query apply too
 * @param params parameters which override those of the source, which override the defaults
 */
export function pictureUrl(source, params, { base = "", params: defaults } = {}) {
  const { path, own } = located(source, base);
  return buildUrl(base, path, { ...canonical({ ...DEFAULTS, ...defaults }), ...canonical(own), ...canonical(params) });
}

/** Without the parameters that a picture has in its URL: its path, or its URL. */
export function located(source, base) {
  const [whole] = String(source).split("#", 1);
  const at = whole.indexOf("?");
  const [place, query] = at < 0 ? [whole, ""] : [whole.slice(0, at), whole.slice(at + 1)];
  const root = base.replace(/\/+$/, "");
  const isOurs = place.startsWith(`${root}/`);
  // a picture of another site, whose query is its own
  if (/^([a-z][a-z0-9+.-]*:)?\/\//i.test(place) && !(root && isOurs)) {
    return { path: "/", own: { source_url: whole } };
  }
  const path = decoded(isOurs ? place.slice(root.length) : place);
  if (path === undefined) throw new PixmillError(`src: expected a path in UTF-8, got ${place}`);
  return { path, own: Object.fromEntries(new URLSearchParams(query)) };
}

/** The parameters by their own names. */
function canonical(params = {}) {
  return Object.fromEntries(pairs(params));
}

/**
 * Parameters from the options which frameworks have in common: `fit`, `position`, `background` and `quality` in words. Sides are
 * rounded, since frameworks compute them.
 */
export function adapted({ fit, position, background, format, quality, ...others }) {
  for (const side of ["width", "height"].filter((side) => typeof others[side] === "number")) {
    others[side] = Math.max(1, Math.round(others[side]));
  }
  const crop = fit === undefined ? {} : FITS[fit];
  if (!crop) throw new PixmillError(`fit: expected one of ${Object.keys(FITS).join(", ")}, got ${fit}`);
  return {
    ...crop,
    ...(crop.crop === "fit" && POSITIONS[position] && { crop: POSITIONS[position] }),
    ...(background && { pad_color: background }),
    ...(format && { format: format === "jpg" ? "jpeg" : format }),
    ...(QUALITIES[quality] ? { quality: "auto", quality_preset: QUALITIES[quality] } : quality !== undefined && { quality }),
    ...others,
  };
}

/** Whether this is a parameter or an alias. */
export function isParameter(name) {
  return Object.entries(PARAMETERS).some(([known, { aliases = [] }]) => known === name || aliases.includes(name));
}

