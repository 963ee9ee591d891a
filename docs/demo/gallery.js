// Inserts the pictures of the page below the first one, which is in the HTML so that browsers load it at once.

import { buildUrl } from "/pixmill-url/index.js";
import { IMAGES, ORIGINALS, figure, fixed, fluid, h, showsOriginals } from "./elements.js";
import { measure } from "./meter.js";
import { GALLERY, LOOKS, MILL, PEOPLE } from "./pictures.js";

const WIDTHS = [240, 320, 480, 640];
const COLUMN = "(min-width: 66rem) 23rem, (min-width: 40rem) calc(50vw - 2.75rem), calc(100vw - 2.5rem)";
const NARROW = "(min-width: 66rem) 10.5rem, (min-width: 40rem) calc(33vw - 2rem), calc(50vw - 2rem)";

const into = (selector, ...elements) => document.querySelector(selector).append(...elements);

into(".gallery", ...GALLERY.map(picture => {
  const crop = picture.crop ?? "entropy";
  return figure("picture", picture, fluid(picture, { sizes: COLUMN, widths: WIDTHS, ratio: [3, 2], params: { crop } }), picture.title, `crop=${crop}`);
}));

into(".people", ...PEOPLE.map(person => h("article", { class: "person" },
  figure("portrait", person, fluid(person, { sizes: NARROW, widths: WIDTHS, ratio: [4, 5], params: { crop: "face" } }), "4:5"),
  h("div", {},
    figure("avatar", person, fixed(person, { width: 112, height: 112, crop: "face" }), "Square"),
    h("h3", {}, person.name), h("p", {}, person.about),
    figure("strip", person, fluid(person, { sizes: COLUMN, widths: WIDTHS, ratio: [3, 1], params: { crop: "face" } }), "3:1")))));

into(".looks", ...LOOKS.names.map(name =>
  figure("look", LOOKS, fluid(LOOKS, { sizes: NARROW, widths: WIDTHS, params: { filter: name } }), name, `filter=${name}`)));

into(".motion", figure("film", MILL, film(), "A turning mill", "format=mp4"),
  h("p", { class: "about" }, "The GIF has 12 frames of a drawing. ", h("code", {}, "format=mp4"), " makes a video of it, with the background that ",
    h("code", {}, "pad_color"), " names. Recordings and photographs gain the most; browsers decode a video with less work than a GIF."));

/** The animation as a video, which plays unless the reader prefers less motion; as a GIF among the originals. */
function film() {
  const shape = { width: 240, height: 240 };
  if (showsOriginals) return h("img", { class: "real", src: ORIGINALS + MILL.path, alt: MILL.alt, loading: "lazy", ...shape });
  const params = { pad_color: "f4efe6", format: "mp4" };
  const video = h("video", { class: "real", src: buildUrl(IMAGES, MILL.path, params), "aria-label": MILL.alt, loop: true, playsinline: true, controls: true, preload: "auto", ...shape });
  video.muted = true;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) video.autoplay = true;
  return video;
}

measure();
