// Elements of the page: pictures with their sizes, or their originals, whichever the page shows.

import { buildUrl, srcset } from "/pixmill-url/index.js";

/** Where nginx serves the pictures of Pixmill, and the originals. */
export const IMAGES = "/images", ORIGINALS = "/originals";

export const showsOriginals = new URLSearchParams(location.search).get("pictures") === "originals";

/** An element with attributes and children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value === true ? "" : value);
  element.append(...children);
  return element;
}

/**
 * A picture whose width depends on the layout: a blurred placeholder, which is part of the page, and above it the picture in
 * the width that the browser chooses. `ratio`: width and height of the crop; without it the picture is shown whole.
 */
export function fluid({ path, width, height, alt, placeholder }, { sizes, widths, ratio, params = {} }) {
  const [w, x] = ratio ?? [width, height];
  const shape = { width, height: Math.round(width * x / w), loading: "lazy", decoding: "async", alt };
  if (showsOriginals) return frame(h("img", { class: "real", src: ORIGINALS + path, ...shape }));
  // with a height, the library scales it along with each width
  const wanted = { width, ...(ratio && { height: shape.height }), ...params };
  const possible = widths.filter(candidate => candidate < width).concat(width);
  const source = { src: buildUrl(IMAGES, path, wanted), srcset: srcset(IMAGES, path, wanted, { widths: possible }), sizes };
  return frame(
    h("img", { class: "placeholder", src: placeholder, alt: "", width, height: shape.height }),
    h("img", { class: "real", ...shape, ...source }));
}

/** A picture of a fixed size on the page, for screens with one and two pixels per pixel. */
export function fixed({ path, alt }, params) {
  const shape = { width: params.width, height: params.height, loading: "lazy", decoding: "async", alt };
  if (showsOriginals) return h("img", { class: "real", src: ORIGINALS + path, ...shape });
  return h("img", { class: "real", ...shape, src: buildUrl(IMAGES, path, params), srcset: srcset(IMAGES, path, params, { densities: [1, 2] }) });
}

const frame = (...images) => h("div", { class: "frame" }, ...images);

/** A figure whose caption says how many bytes the picture has; `path`: of its original. */
export function figure(kind, { path }, picture, title, parameters) {
  const label = h("span", {}, title, ...(parameters && !showsOriginals ? [" ", h("code", {}, parameters)] : []));
  return h("figure", { class: kind, "data-path": path.slice(1) }, picture, h("figcaption", {}, label, h("span", { class: "bytes" })));
}
