// The background of the map: a built-in scene, or the picture of the operator.

import * as city from "./city.js";
import * as harbour from "./harbour.js";
import { generator } from "./paint.js";
import * as stage from "./stage.js";
import * as winter from "./winter.js";

const SCENES = { city, harbour, stage, winter };
const WIDEST = 2.4; // maximum width of a scene by its height; a wider canvas shows a part of it
const DARK = "(prefers-color-scheme: dark)";

const found = (look) => SCENES[look.scene] ?? harbour;

/** Return the colours of a look's scene and of the marks on it. */
export const themeOf = (look) => found(look).themes[look.background || matchMedia(DARK).matches ? "dark" : "light"];

/** Return the origin of flares: `{x, y, tall}`, for a canvas of this size. */
export const lampOf = (look, width, height) => found(look).lamp(width, height);

/** Return a canvas with the scene of a look. */
export function scene(width, height, ratio, look) {
  const canvas = new OffscreenCanvas(width, height);
  found(look).paintScene(canvas.getContext("2d"), { width, height, ratio }, themeOf(look), generator(7));
  return canvas;
}

/** Load a picture; null if there is none, or if it cannot be shown. */
export async function picture(address) {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  return image.decode().then(() => image, () => null);
}

/** Paint the picture or the scene of a look on a canvas of the page. */
export async function showScene(canvas, look) {
  const image = await picture(look.background);
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  if (!width || !height) return;
  [canvas.width, canvas.height] = [width, height];
  const tall = Math.max(height, width / WIDEST);
  const paint = canvas.getContext("2d");
  if (image) paint.drawImage(covered(width, height, image, false), 0, 0);
  else paint.drawImage(scene(width, Math.round(tall), ratio, look), 0, (height - tall) / 5);
}

/** Return a canvas that a picture covers, without distortion; `fill`: in the picture's whole size, distorted if need be. */
export function covered(width, height, image, fill) {
  const canvas = new OffscreenCanvas(width, height);
  const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
  const [across, down] = fill ? [width, height] : [image.naturalWidth * scale, image.naturalHeight * scale];
  canvas.getContext("2d").drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
  return canvas;
}
