// Sites that are built with the real frameworks. Only with PIXMILL_FRAMEWORKS=FOLDER: npm installs the frameworks there, once.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { fetched, serve, skip as unbuilt } from "./server.js";

const folder = process.env.PIXMILL_FRAMEWORKS;
const skip = folder ? unbuilt : "PIXMILL_FRAMEWORKS names no folder for the frameworks";
const library = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

let server;
before(async () => (server = skip ? undefined : await serve()));
after(() => server?.stop());

/** A project with these files, in which these packages and the library are installed. */
async function project(name, packages, files = {}) {
  const place = resolve(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [file, text] of Object.entries({ "package.json": '{ "private": true, "type": "module" }', ...files })) {
    mkdirSync(dirname(join(place, file)), { recursive: true });
    writeFileSync(join(place, file), text.replaceAll("$BASE", server?.url ?? ""));
  }
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefer-offline"];
  await run("npm", ["install", ...options, ...packages], { cwd: place });
  const installed = join(place, "node_modules/@pixmill/url");
  rmSync(installed, { recursive: true, force: true });
  for (const part of ["package.json", "src"]) cpSync(join(library, part), join(installed, part), { recursive: true });
  return place;
}

/** Fetches every picture of a page; the descriptors in pixels are the widths of the pictures. */
async function checkPage(html, least) {
  const unescaped = (text) => text.replaceAll("&amp;", "&").replaceAll("&#38;", "&");
  const sets = [...html.matchAll(/srcset="([^"]+)"/gi)].flatMap(([, set]) => unescaped(set).split(", "));
  const plain = [...html.matchAll(/<img[^>]* src="([^"]+)"/gi)].map(([, src]) => unescaped(src));
  assert.ok(sets.length >= least, html);
  for (const source of [...sets, ...plain]) {
    const [url, descriptor] = source.trim().split(/\s+/);
    assert.ok(url.startsWith(`${server.url}/`), url);
    const { status, width } = await fetched(url);
    assert.equal(status, 200, url);
    // the sample is 640 pixels wide, and is not upscaled
    if (descriptor?.endsWith("w")) assert.equal(width, Math.min(640, Number.parseInt(descriptor)), url);
  }
}

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", ASTRO_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };

test("Next.js builds a page", { skip }, async () => {
  const place = await project("next", ["next@16", "react@19", "react-dom@19"], {
    "next.config.mjs": 'export default { output: "export", images: { loader: "custom", loaderFile: "./image-loader.js" } };\n',
    "image-loader.js": 'import { createLoader } from "@pixmill/url/next";\n\nexport default createLoader({ base: "$BASE" });\n',
    "app/layout.jsx": 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
    "app/page.jsx":
      'import Image from "next/image";\n\n' +
      "export default () => (\n  <>\n" +
      '    <Image src="/china.jpg" alt="A temple" width={320} height={214} />\n' +
      '    <Image src="/china.jpg?crop=face" alt="A temple" width={640} height={427} sizes="50vw" quality={60} />\n' +
      "  </>\n);\n",
  });
  rmSync(join(place, "out"), { recursive: true, force: true });
  await run(process.execPath, ["node_modules/next/dist/bin/next", "build"], { cwd: place, env });
  await checkPage(readFileSync(join(place, "out/index.html"), "utf8"), 10);
});

test("Astro builds a page", { skip }, async () => {
  const place = await project("astro", ["astro@5"], {
    "astro.config.mjs":
      'import { defineConfig } from "astro/config";\n\n' +
      'const service = { entrypoint: "@pixmill/url/astro", config: { base: "$BASE" } };\n' +
      "export default defineConfig({ image: { service } });\n",
    "src/pages/index.astro":
      '---\nimport { Image } from "astro:assets";\n---\n' +
      '<Image src="/china.jpg" alt="A temple" width={320} height={213} widths={[160, 320, 640]} fit="cover" />\n' +
      '<Image src="/china.jpg" alt="A temple" width={200} height={100} densities={[1, 2]} quality="high" />\n',
  });
  rmSync(join(place, "dist"), { recursive: true, force: true });
  await run(process.execPath, [join("node_modules/astro", astroBinary(place)), "build"], { cwd: place, env });
  await checkPage(readFileSync(join(place, "dist/index.html"), "utf8"), 5);
});

function astroBinary(place) {
  const { bin } = JSON.parse(readFileSync(join(place, "node_modules/astro/package.json")));
  return bin.astro ?? bin;
}

test("@nuxt/image makes a srcset", { skip }, async () => {
  const place = await project("nuxt", ["@nuxt/image@2"]);
  const runtime = join(place, "node_modules/@nuxt/image/dist/runtime/image.js");
  const { createImage } = await import(pathToFileURL(runtime));
  const { default: setup } = await import(pathToFileURL(join(place, "node_modules/@pixmill/url/src/nuxt.js")));
  const image = createImage({
    provider: "pixmill",
    providers: { pixmill: { setup, defaults: { baseURL: server.url } } },
    screens: { sm: 320, md: 480 },
    densities: [1, 2],
    presets: {},
    alias: {},
    domains: [],
    nuxt: { baseURL: "/" },
  });
  const { src, srcset } = image.getSizes("/china.jpg", { sizes: "100vw sm:50vw", modifiers: { width: 300, height: 200, fit: "cover" } });
  await checkPage(`<img src="${src}" srcset="${srcset}">`, 2);
  assert.equal((await fetched(image("/china.jpg", { width: 90 }))).width, 90);
});

test("unpic makes a srcset", { skip }, async () => {
  const place = await project("unpic", ["@unpic/core@1", "unpic@4"]);
  const { transformBaseImageProps } = await import(pathToFileURL(join(place, "node_modules/@unpic/core/dist/base.mjs")));
  const { transform: transformer } = await import(pathToFileURL(join(place, "node_modules/@pixmill/url/src/unpic.js")));
  const props = { src: "/china.jpg", width: 500, height: 333, layout: "constrained", operations: { crop: "fit" } };
  const { src, srcset } = transformBaseImageProps({ ...props, transformer, options: { base: server.url } });
  await checkPage(`<img src="${src}" srcset="${srcset.replaceAll(",\n", ", ")}">`, 3);
});
