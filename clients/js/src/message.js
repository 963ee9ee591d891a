// The text that is signed; see "What is signed" in docs/signing.md.

import { escape, unescape } from "./escape.js";
import { PixmillError, isSource } from "./values.js";

/** The text that is signed for a URL, and how the signature is appended. */
export function message(url, { upload = false, stripPrefix = "" } = {}) {
  const [whole] = url.split("#", 1);
  const [place, query] = cut(whole, "?");
  const path = pathOf(place);
  const below = stripPrefix && !path.startsWith(`${stripPrefix}/`);
  if (below) throw new PixmillError(`url: expected a path below ${stripPrefix}`);
  const segments = path.slice(stripPrefix.length).split("/").map((segment) => escape(unescape(segment)));
  const pairs = query.split("&").filter(Boolean).map(decodedPair);
  if (pairs.some(({ name }) => ["signature", "s"].includes(name))) {
    throw new PixmillError("url: expected one that is not signed yet");
  }
  pairs.sort((one, other) => byBytes(one.bytes, other.bytes));
  const text = `${upload ? "POST " : ""}${segments.join("/")}?${pairs.map((pair) => pair.text).join("&")}`;
  return { text, signed: (signature) => `${place}?${query}${query && "&"}signature=${signature}` };
}

/** The bytes of a key. */
export function keyBytes(key) {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length < 16) throw new PixmillError(`key: expected at least 16 bytes, got ${bytes.length}`);
  return bytes;
}

function cut(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}

function pathOf(place) {
  const [, rest] = cut(place, "://");
  const path = rest ? rest.replace(/^[^/]*/, "") || "/" : place;
  if (!path.startsWith("/")) throw new PixmillError("url: expected a URL, or a path that begins with a slash");
  return path;
}

function decodedPair(pair) {
  const [rawName, rawValue] = cut(pair, "=");
  const bytes = unescape(rawName.replaceAll("+", " "));
  const name = utf8(bytes);
  const value = unescape(isSource(name) ? rawValue : rawValue.replaceAll("+", " "));
  utf8(value);
  return { name, bytes, text: `${escape(bytes)}=${escape(value)}` };
}

function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PixmillError("url: expected a query in UTF-8");
  }
}

function byBytes(one, other) {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}
