// An image service of Astro.

import { adapted, isParameter, pictureUrl } from "./frameworks.js";

/** Options of Astro that are no parameters, and no attributes either. */
const OPTIONS = ["src", "widths", "densities", "formats", "layout", "priority", "fit", "position", "background", "inferSize"];

/** Names that are attributes of `<img>` although they are parameters too, or options of Astro. */
const SIDES = ["width", "height"];

function validateOptions(options) {
  if (!options.src) throw new Error("src: expected the path or the URL of a picture");
  if (options.widths && options.densities) throw new Error("expected widths or densities, got both");
  const rounded = SIDES.filter((side) => options[side]).map((side) => [side, Math.round(Number(options[side]))]);
  return { ...options, ...Object.fromEntries(rounded) };
}

function getURL(options, { service } = {}) {
  const { base, params } = service?.config ?? {};
  const source = typeof options.src === "object" ? options.src.src : options.src;
  const wanted = Object.entries(options).filter(([name]) => isParameter(name) || ["fit", "position", "background"].includes(name));
  const given = wanted.filter(([, value]) => value !== undefined && value !== null);
  return pictureUrl(source, adapted(Object.fromEntries(given)), { base, params });
}

function getSrcSet(options) {
  const { widths, densities, ...others } = options;
  const { width, height } = size(options);
  const scaled = (wanted, descriptor) => ({
    transform: { ...others, width: wanted, height: width && height && Math.max(1, Math.round((height * wanted) / width)) },
    descriptor,
  });
  if (densities && width) {
    return sorted(densities.map((density) => Number.parseFloat(density)))
      .map((density) => scaled(Math.round(width * density), `${density}x`));
  }
  return sorted(widths ?? []).map((wanted) => scaled(wanted, `${wanted}w`));
}

function getHTMLAttributes(options) {
  const others = Object.entries(options).filter(([name]) => !OPTIONS.includes(name) && !isParameter(name));
  return { loading: "lazy", decoding: "async", ...Object.fromEntries(others), ...size(options) };
}

/** Width and height of the element; an imported picture has an aspect ratio. */
function size({ src, width, height }) {
  const own = typeof src === "object" ? src : undefined;
  if (!own || (width && height)) return { width, height };
  if (width) return { width, height: Math.round((own.height * width) / own.width) };
  if (height) return { width: Math.round((own.width * height) / own.height), height };
  return { width: own.width, height: own.height };
}

function sorted(numbers) {
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/** The service, for `image.service.entrypoint`. */
const service = { validateOptions, getURL, getSrcSet, getHTMLAttributes };

export default service;
