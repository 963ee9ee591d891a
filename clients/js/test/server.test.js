// URLs of the library and of its integrations, fetched from a real server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { buildUrl, signUrl, sources, srcset } from "@pixmill/url";
import service from "@pixmill/url/astro";
import { createLoader } from "@pixmill/url/next";
import provider from "@pixmill/url/nuxt";
import { extract, generate, transform } from "@pixmill/url/unpic";

import { KEY, fetched, serve, skip } from "./server.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors.json", import.meta.url)));

let open, signing;

before(async () => {
  if (skip) return;
  const keys = { PIXMILL__PARAMS__SIGNING__KEYS__MAIN: KEY, PIXMILL__PARAMS__SIGNING__KEYS__OLD: vectors.sign.find(({ key }) => key !== KEY).key };
  [open, signing] = await Promise.all([serve(), serve(keys)]);
});

after(() => Promise.all([open?.stop(), signing?.stop()]));

/** Fetches a picture, and checks its size. */
async function check(url, width, height) {
  const answer = await fetched(url);
  assert.equal(answer.status, 200, url);
  assert.deepEqual([answer.width, answer.height ?? height], [width, height ?? answer.height], url);
}

test("a picture has the width that was built", { skip }, async () => {
  await check(buildUrl(open.url, "/china.jpg", { width: 123 }), 123);
  await check(buildUrl(open.url, "china.jpg", { w: 120, h: 50, crop: "fit", layers: [{ text: "Größe + 50 %", color: "#f80" }] }), 120, 50);
  await check(buildUrl(open.url, "china.jpg", { width: 200, mark: "/pixmill-logo.png", mark_pos: ["bottom", "right"], pad: 4, pad_color: "#ff8800" }), 208);
});

test("every source of a srcset has the width of its descriptor", { skip }, async () => {
  const found = sources(open.url, "/china.jpg", { width: 3, height: 2, crop: "fit" }, { widths: [90, 150, 300] });
  for (const [url, descriptor] of found) {
    const width = Number.parseInt(descriptor);
    await check(url, width, (width * 2) / 3);
  }
  const dense = sources(open.url, "/china.jpg", { width: 50 }, { densities: [1, 2] });
  await check(dense[0][0], 50);
  await check(dense[1][0], 100);
  assert.equal(srcset(open.url, "/china.jpg", { width: 50 }, { densities: [1, 2] }).split(", ").length, 2);
});

test("signed URLs are accepted, and no others", { skip }, async () => {
  const url = buildUrl(signing.url, "/china.jpg", { width: 100, expires: Math.floor(Date.now() / 1000) + 3600 });
  assert.equal((await fetched(url)).status, 403);
  const signed = await signUrl(url, KEY);
  await check(signed, 100);
  assert.equal((await fetched(signed.replace("width=100", "width=101"))).status, 403);
  assert.equal((await fetched(await signUrl(url, "another key, of 16 bytes and more"))).status, 403);
  await check(await signUrl(`${signing.url}/china.jpg?width=60&v=7`, KEY), 60);
});

test("the server accepts the signature of every vector", { skip }, async () => {
  for (const { signed, name, upload, strip_prefix: prefix } of vectors.sign.filter(({ upload }) => !upload)) {
    const target = signed.replace(/^https?:\/\/[^/?]*/, "").slice(prefix.length);
    const { status } = await fetched(signing.url + (target.startsWith("/") ? target : `/${target}`));
    assert.ok(status !== 403, `${name}: ${status} for ${target}`);
    assert.equal(upload, false);
  }
});

test("next/image", { skip }, async () => {
  const loader = createLoader({ base: open.url });
  await check(loader({ src: "/china.jpg", width: 256 }), 256);
  await check(loader({ src: "/china.jpg?height=100&crop=top", width: 150, quality: 60 }), 150, 100);
  await check(loader({ src: "/china.jpg", width: 3840 }), 640);
  assert.match(loader({ src: "/a%20b.jpg", width: 64, quality: 60 }), /\/a%20b\.jpg\?enlarge=false&format=auto&quality=60&width=64$/);
  assert.match(loader({ src: "https://a.example/b.jpg?v=1&w=2", width: 64 }), /\/\?.*&source_url=https%3A%2F%2Fa.example%2Fb.jpg%3Fv%3D1%26w%3D2&width=64$/);
  assert.throws(() => loader({ src: "/china.jpg?widht=3", width: 64 }), /did you mean width/);
});

test("unpic", { skip }, async () => {
  const options = { base: open.url };
  await check(transform("/china.jpg", { width: 120, height: 80, crop: "fit", format: "jpg" }, options), 120, 80);
  const url = generate(`${open.url}/china.jpg`, { width: 99.6 }, options);
  await check(url, 100);
  await check(transform(url, { width: 50 }, options), 50);
  assert.deepEqual(extract(`${open.url}/a%20b.jpg?width=3`, options), { src: "/a b.jpg", operations: { width: "3" }, options });
  assert.equal(extract("https://a.example/b.jpg?v=1", options).src, "https://a.example/b.jpg?v=1");
});

test("@nuxt/image", { skip }, async () => {
  const { getImage } = provider();
  const of = (modifiers, src = "/china.jpg") => getImage(src, { modifiers, baseURL: open.url }).url;
  await check(of({ width: 110 }), 110);
  await check(of({ width: 110, height: 110, fit: "cover", quality: "mid", format: "jpg" }), 110, 110);
  await check(of({ width: 110, height: 110, fit: "contain", background: "#ffcc00" }), 110, 110);
  await check(of({ width: 111, height: undefined, blur: 2 }), 111);
  assert.throws(() => of({ fit: "outside" }), /^PixmillError: fit: expected one of cover/);
});

test("Astro", { skip }, async () => {
  const imageConfig = { service: { entrypoint: "@pixmill/url/astro", config: { base: open.url } } };
  const options = service.validateOptions({ src: "/china.jpg", width: 150.4, height: 90, fit: "cover", position: "top", alt: "", class: "a" });
  await check(service.getURL(options, imageConfig), 150, 90);
  assert.deepEqual(service.getHTMLAttributes(options), { loading: "lazy", decoding: "async", alt: "", class: "a", width: 150, height: 90 });
  const src = { src: "/china.jpg", width: 640, height: 427, format: "jpg" };
  const set = service.getSrcSet({ src, width: 200, widths: [200, 100], alt: "" });
  assert.deepEqual(set.map(({ descriptor }) => descriptor), ["100w", "200w"]);
  await check(service.getURL(set[0].transform, imageConfig), 100, 67);
  const dense = service.getSrcSet({ src, width: 60, densities: [1, "2x"] });
  assert.deepEqual(dense.map(({ descriptor }) => descriptor), ["1x", "2x"]);
  await check(service.getURL(dense[1].transform, imageConfig), 120, 80);
  assert.throws(() => service.validateOptions({ src: "" }), /src: expected/);
});
