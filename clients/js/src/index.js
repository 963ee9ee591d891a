// URLs of the image proxy Pixmill, for browsers, Node and edge runtimes.

import { escape } from "./escape.js";
import { keyBytes, message } from "./message.js";
import { PixmillError, pairs, valueOf, without } from "./values.js";

export { PARAMETERS } from "./parameters.js";
export { PixmillError } from "./values.js";

/** The widths of a set of sources that names none, in pixels: common widths of screens and of their halves. */
export const WIDTHS = Object.freeze([320, 480, 640, 960, 1280, 1920, 2560]);

/** Where Node 18 has WebCrypto, which is global everywhere else. No literal in `import`, so that bundlers leave it alone. */
const NODE_CRYPTO = "node:crypto";

/** The URL of a picture. */
export function buildUrl(base, path, params) {
  if (!/^([a-z][a-z0-9+.-]*:\/\/[^?#]+|\/[^?#]*)?$/i.test(base)) {
    throw new PixmillError(`base: expected a URL or a path, without a query, got ${base}`);
  }
  const segments = path.replace(/^\/+/, "").split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) {
    throw new PixmillError(`path: expected no segment . or .., got ${path}`);
  }
  const query = pairs(params).map(([name, value]) => `${name}=${escape(value)}`);
  return `${base.replace(/\/+$/, "")}/${segments.map(escape).join("/")}${query.length ? "?" : ""}${query.join("&")}`;
}

/** The text that the signature of a URL covers. */
export function signedText(url, options) {
  return message(url, options).text;
}

/** The URL with its signature. */
export async function signUrl(url, key, options) {
  const { text, signed } = message(url, options);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = keyBytes(key);
  const subtle = await webCrypto();
  const imported = await subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const digest = await subtle.sign("HMAC", imported, new TextEncoder().encode(text));
  return signed(Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

/** The URLs of one picture in several sizes, as [URL, descriptor]. */
export function sources(base, path, params = {}, { widths, densities } = {}) {
  if (valueOf(params, "dpr") !== undefined) throw new PixmillError("dpr: expected no value in a srcset");
  const [width, height] = [valueOf(params, "width"), valueOf(params, "height")];
  if (densities) {
    if (width === undefined && height === undefined) throw new PixmillError("densities: expected width or height");
    const sized = (density) => buildUrl(base, path, density === 1 ? params : { ...params, dpr: density });
    return ordered("densities", densities).map((density) => [sized(density), `${density}x`]);
  }
  if (height !== undefined && width === undefined) {
    throw new PixmillError("height: expected width with it, for the aspect ratio");
  }
  // checks both
  buildUrl(base, path, params);
  const others = without(without(params, "width"), "height");
  const sized = (wanted) => {
    const scaled = height === undefined ? undefined : Math.max(1, Math.floor((height * wanted) / width + 0.5));
    return buildUrl(base, path, { ...others, width: wanted, height: scaled });
  };
  return ordered("widths", widths ?? WIDTHS).map((wanted) => [sized(wanted), `${wanted}w`]);
}

/** The value of the attribute `srcset`. */
export function srcset(base, path, params, options) {
  return sources(base, path, params, options).map((source) => source.join(" ")).join(", ");
}

/** The value of the attribute `srcset`, with signed URLs. */
export async function signedSrcset(base, path, params, { key, stripPrefix, ...options }) {
  const found = sources(base, path, params, options);
  const signed = await Promise.all(found.map(([url]) => signUrl(url, key, { stripPrefix })));
  return signed.map((url, index) => `${url} ${found[index][1]}`).join(", ");
}

async function webCrypto() {
  if (globalThis.crypto?.subtle) return globalThis.crypto.subtle;
  try {
    const { webcrypto } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ NODE_CRYPTO);
    return webcrypto.subtle;
  } catch {
    throw new PixmillError("signing: expected WebCrypto, which browsers have in secure contexts only");
  }
}

function ordered(name, numbers) {
  const once = [...new Set(numbers)].sort((one, other) => one - other);
  if (!once.length) throw new PixmillError(`${name}: expected at least one`);
  return once;
}
