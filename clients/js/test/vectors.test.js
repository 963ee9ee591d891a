// The vectors that all libraries share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { PixmillError, WIDTHS, buildUrl, signUrl, signedSrcset, signedText, srcset } from "@pixmill/url";
import { signUrlSync } from "@pixmill/url/node";

const vectors = JSON.parse(readFileSync(new URL("../../vectors.json", import.meta.url)));

const given = ({ widths, densities }) => ({ widths: widths ?? undefined, densities: densities ?? undefined });

for (const { name, base, path, params, url } of vectors.build) {
  test(`builds ${name}`, () => assert.equal(buildUrl(base, path, params), url));
}

for (const { name, url, key, strip_prefix: stripPrefix, upload, text, signed } of vectors.sign) {
  test(`signs ${name}`, async () => {
    const options = { stripPrefix, upload };
    assert.equal(signedText(url, options), text);
    assert.equal(await signUrl(url, key, options), signed);
    assert.equal(signUrlSync(url, key, options), signed);
  });
}

for (const { name, base, path, params, key, srcset: expected, signed, ...sizes } of vectors.srcset) {
  test(`lists ${name}`, async () => {
    assert.equal(srcset(base, path, params, given(sizes)), expected);
    assert.equal(await signedSrcset(base, path, params, { ...given(sizes), key }), signed);
  });
}

const calls = {
  build: ({ base, path, params }) => buildUrl(base, path, params),
  sign: ({ url, key, strip_prefix: stripPrefix }) => signUrlSync(url, key, { stripPrefix }),
  srcset: ({ base, path, params, ...sizes }) => srcset(base, path, params, given(sizes)),
};

for (const { call, error, ...values } of vectors.refused) {
  test(`refuses: ${error}`, () => {
    assert.throws(() => calls[call](values), (thrown) => thrown instanceof PixmillError && thrown.message === error);
  });
}

test("the vectors are all there", () => {
  const counts = ["build", "sign", "srcset", "refused"].map((kind) => vectors[kind].length);
  assert.ok(counts.every((count) => count >= 5), `${counts}`);
  assert.deepEqual(WIDTHS, [320, 480, 640, 960, 1280, 1920, 2560]);
});

test("an asynchronous call is refused asynchronously", async () => {
  await assert.rejects(signUrl("/a.jpg", "hunter2"), PixmillError);
});

test("numbers that are none are refused", () => {
  for (const width of [NaN, Infinity, -Infinity, 1e300]) {
    assert.throws(() => buildUrl("", "/a.jpg", { width }), /^PixmillError: width: expected a whole number/);
  }
  assert.throws(() => buildUrl("", "/a.jpg", { layers: [{ text: "a", x: NaN }] }), PixmillError);
});
