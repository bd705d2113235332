// Clicking on the map, by pointer or by keyboard: arrow keys move a cross.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const STRIDE = 0.02; // of the map's width and height
const LONG_STRIDE = 0.1; // with Shift

/** Without the rounding error of a share; a billionth of a degree is less than a millimetre. */
const rounded = (number) => Math.round(number * 1e9) / 1e9;

/**
 * @param {import("./map.js").GameMap} map
 * @param {(position: {x: number, y: number}) => void} click called with a position on the map
 */
export function aim(map, click) {
  const { canvas, view } = map;
  let cross = view.position({ u: 0.5, v: 0.5 });
  const move = ([x, y], stride) => {
    const { u, v } = view.share(cross);
    const { x: east, y: south } = view.position({ u: u + x * stride, v: v + y * stride });
    cross = { x: rounded(east), y: rounded(south) };
    map.cross(cross);
  };
  canvas.addEventListener("click", (event) => click(map.position(event)));
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && map.cross(cross));
  canvas.addEventListener("blur", () => map.cross(null));
  canvas.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) move(DIRECTIONS[event.key], event.shiftKey ? LONG_STRIDE : STRIDE);
    else if (event.key !== "Enter" && event.key !== " ") return;
    else if (!event.repeat) click({ ...cross }); // a held key repeats, but is one click
    event.preventDefault();
  });
}
