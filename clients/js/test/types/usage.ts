// What the types allow, and what they must not: each line after @ts-expect-error is an error of the compiler.

import { PARAMETERS, type Parameters, PixmillError, buildUrl, signUrl, signedSrcset, srcset } from "@pixmill/url";
import service from "@pixmill/url/astro";
import { createLoader } from "@pixmill/url/next";
import { signUrlSync } from "@pixmill/url/node";
import provider from "@pixmill/url/nuxt";
import { extract, transform } from "@pixmill/url/unpic";

const params: Parameters = {
  width: 300,
  h: "200",
  height: null,
  crop: ["center", 10, 300, 200],
  quality: "auto",
  filter: "sepia",
  format: "webp",
  flip: true,
  mark: "/logo.png",
  mark_pos: "bottom,right",
  layers: [{ url: "/logo.png", pos: "top" }, { text: "Hello", color: "#fff", font: "Sans 20" }],
  recognition: ["nsfw", "labels"],
  expires: 4102444800,
};
const url: string = buildUrl("https://img.example", "/photo.jpg", params);
const signed: Promise<string> = signUrl(url, "a key of sixteen bytes", { stripPrefix: "/images" });
const set: string = srcset("", "/photo.jpg", {}, { widths: [320, 640] });
const signedSet: Promise<string> = signedSrcset("", "/photo.jpg", undefined, { key: "k", densities: [1, 2] });
const low: 1 = PARAMETERS.width.min;
const high: 65535 = PARAMETERS.width.max;
const words: readonly string[] = PARAMETERS.format.words;
const loader: (picture: { src: string; width: number }) => string = createLoader({ base: "https://img.example" });
const nuxt: string = provider().getImage("/photo.jpg", { modifiers: { width: 3 } }).url;
const unpic: string = transform("/photo.jpg", { width: 3, format: "jpg" }, { base: "https://img.example" });
const source: string = extract(new URL("https://img.example/photo.jpg")).src;
const astro: string = service.getURL({ src: "/photo.jpg", width: 3 }, { service: { config: { base: "" } } });
const error: Error = new PixmillError("");
const sync: string = signUrlSync(url, "a key of sixteen bytes");

// @ts-expect-error a name that is not a parameter
buildUrl("", "/photo.jpg", { widht: 300 });
// @ts-expect-error a value of another type
buildUrl("", "/photo.jpg", { flip: "yes" });
// @ts-expect-error a format that Pixmill does not write
buildUrl("", "/photo.jpg", { format: "tiff" });
// @ts-expect-error a number that is none
buildUrl("", "/photo.jpg", { width: "300px" });
// @ts-expect-error the signature is computed
buildUrl("", "/photo.jpg", { signature: "0" });
// @ts-expect-error an image and a text at once
buildUrl("", "/photo.jpg", { layers: [{ url: "/a.png", text: "a" }] });
// @ts-expect-error a position that is none
buildUrl("", "/photo.jpg", { mark_pos: "north" });
// @ts-expect-error signing is asynchronous
const early: string = signUrl(url, "a key of sixteen bytes");
// @ts-expect-error a signed set needs a key
signedSrcset("", "/photo.jpg", {}, {});

export { astro, early, error, high, loader, low, nuxt, set, signed, signedSet, source, sync, unpic, words };
