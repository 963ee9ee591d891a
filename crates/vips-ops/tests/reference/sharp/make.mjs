// Writes cases.json: what sharp, an independent tool, answers for requests that mean the same to it.
//
//   npm install sharp@0.35.5 && node make.mjs     (in a scratch folder with a copy of this file)
//     FIRST ARGUMENT   the folder samples/ of the project
//     SECOND ARGUMENT  where cases.json goes
//
// A case has the request, the size of sharp's answer, and for some the mean colours (RGBA, 0 to 255) of a grid of CELLS by
// CELLS cells over that answer: they show a wrong place as well as a wrong colour.
import { createRequire } from "node:module";
import { writeFile } from "node:fs/promises";
import path from "node:path";

const sharp = createRequire(path.join(process.cwd(), "x.js"))("sharp");
const [samples, output] = process.argv.slice(2);
const CELLS = 4;

const sources = [
  "china.jpg", "grace_hopper.jpg", "astronaut.png", "camera.png", "chelsea.png", "coffee-bordered.png", "gradient-16bit.png",
  "flower-p3.jpg", "astronaut-cmyk.jpg", "astronaut-progressive.jpg", "quadrants-orient6.jpg", "astronaut-gps-orient6.jpg", "pixmill-logo.png",
];
const white = { r: 255, g: 255, b: 255, alpha: 1 };
const size = (width, height) => [width && `width=${width}`, height && `height=${height}`].filter(Boolean).join("&");

// every pair is a query and what sharp is told
// sharp rounds the free side after its JPEG decoder has shrunk the picture, which is off by a pixel at small sizes: without that here
const exact = { fastShrinkOnLoad: false };
const scaled = (width, height) => [size(width, height), (s) => s.resize(width, height, { ...exact, fit: "inside" })];
const fitted = (mode, options) => (width, height) => [
  `${size(width, height)}&crop=${mode}`, (s) => s.resize(width, height, { ...exact, ...options }),
];
const cover = fitted("fit", { fit: "cover" });
const top = fitted("top", { fit: "cover", position: "top" });
const bottom = fitted("bottom", { fit: "cover", position: "bottom" });
const pad = fitted("pad", { fit: "contain", background: white });
const stretch = fitted("stretch", { fit: "fill" });

const lengths = [1, 2, 7, 33, 97, 100, 199, 320, 511, 641, 1000];
const boxes = [[1, 1], [10, 300], [300, 10], [97, 33], [33, 97], [160, 160], [320, 199], [199, 320], [511, 512], [800, 600], [641, 427]];
const geometry = [
  ...lengths.flatMap((length) => [scaled(length, undefined), scaled(undefined, length)]),
  ...boxes.flatMap(([width, height]) => [scaled, cover, top, bottom, pad, stretch].map((make) => make(width, height))),
];
const pixels = [
  scaled(97, undefined), scaled(undefined, 199), scaled(700, undefined), cover(389, 131), cover(320, 320), cover(131, 389), top(389, 131),
  bottom(389, 131), pad(397, 197), pad(197, 397), stretch(397, 131),
  ["width=320&crop=11,7,200,120", (s) => s.resize({ width: 320, ...exact }).extract({ left: 11, top: 7, width: 200, height: 120 })],
  ["flip=true&width=97", (s) => s.resize({ width: 97, ...exact }).flop()],
  ["width=97&pad=9&pad_color=ff8000", (s) => s.resize({ width: 97, ...exact }).extend({ top: 9, bottom: 9, left: 9, right: 9, background: "#ff8000" })],
  ["width=97&flatten=true&pad_color=ff8000", (s) => s.resize({ width: 97, ...exact }).flatten({ background: "#ff8000" })],
];

async function cells(pipeline) {
  const { data, info } = await pipeline.toColourspace("srgb").ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const sums = Array.from({ length: CELLS * CELLS }, () => [0, 0, 0, 0, 0]);
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const cell = sums[Math.floor((y * CELLS) / info.height) * CELLS + Math.floor((x * CELLS) / info.width)];
      const at = (y * info.width + x) * 4;
      const alpha = data[at + 3];
      // the colour of what is transparent does not matter
      for (let band = 0; band < 3; band++) cell[band] += (data[at + band] * alpha) / 255;
      cell[3] += alpha;
      cell[4] += 1;
    }
  }
  return sums.map(([r, g, b, a, n]) => [r, g, b, a].map((sum) => Math.round((sum / n) * 10) / 10));
}

const cases = [];
for (const source of sources) {
  const open = () => sharp(path.join(samples, source)).autoOrient();
  for (const [query, make] of geometry) {
    const { info } = await make(open()).raw().toBuffer({ resolveWithObject: true });
    cases.push({ source, query, width: info.width, height: info.height });
  }
  // sharp paints a grey border around a grey picture
  const painted = pixels.filter(([query]) => source !== "camera.png" || !query.includes("ff8000"));
  for (const [query, make] of painted) {
    const { info } = await make(open()).raw().toBuffer({ resolveWithObject: true });
    cases.push({ source, query, width: info.width, height: info.height, cells: await cells(make(open())) });
  }
}
const lines = cases.map((each) => JSON.stringify(each)).join(",\n");
await writeFile(output, `[\n${lines}\n]\n`);
console.log(cases.length, "cases by sharp", sharp.versions.sharp, "on libvips", sharp.versions.vips);
