// The landing page: requests that work on the samples of this server.

import { ask } from "./api.js";
import { $, h } from "./dom.js";

const EXAMPLES = [
  ["Crop to the face", "astronaut", "width=480&height=320&crop=face"],
  ["Resize, best format of the browser", "flower", "width=480&format=auto&quality=80"],
  ["A look", "china", "width=480&filter=vintage"],
  ["Smallest file without visible loss", "chelsea", "width=480&format=webp&quality=auto"],
  ["A watermark", "coffee", "width=480&mark=/pixmill-logo.png&mark_scale=40&mark_pos=bottom,right"],
  ["Straighten without blank corners", "rocket", "width=480&rotate=8&crop=zoom"],
];

const about = await (await ask("/playground/about.json")).json();
$("#version").textContent = about.version;
const find = name => about.samples.find(sample => sample.startsWith(`/${name}.`));
const known = EXAMPLES.filter(([, name]) => find(name)).map(([title, name, query]) => [title, find(name), query]);
const generic = ["width=480&format=auto", "width=480&height=320&crop=entropy", "width=480&filter=noir"];
const shown = known.length ? known : about.samples.slice(0, 3).map((path, index) => ["An image of this server", path, generic[index]]);
$(".examples").append(...shown.map(([title, path, query]) => h("a", { href: `playground#${path}?${query}` },
  h("img", { src: `${path}?${query}`, alt: "", loading: "lazy", width: 480, height: 320 }),
  h("strong", {}, title), h("code", {}, `${path}?${query}`))));
$("#examples").hidden = !shown.length;
const path = shown[0]?.[1] ?? "/photo.jpg";
const source = width => `${location.origin}${path}?width=${width}&format=auto&quality=80`;
$("#snippet").textContent = `<img src="${source(960)}"
     srcset="${[480, 960, 1920].map(width => `${source(width)} ${width}w`).join(",\n             ")}"
     sizes="(max-width: 60em) 100vw, 60em" alt="">`;
