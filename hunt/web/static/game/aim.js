// Clicking on the map, by pointer or by keyboard: arrow keys move a cross.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {import("./map.js").GameMap} map
 * @param {(position: {x: number, y: number}) => void} click called with a position in map units
 */
export function aim(map, click) {
  const { canvas, size } = map;
  const cross = { x: size.width / 2, y: size.height / 2 };
  const move = ([x, y], stride) => {
    cross.x = Math.min(Math.max(cross.x + x * stride, 0), size.width);
    cross.y = Math.min(Math.max(cross.y + y * stride, 0), size.height);
    map.cross(cross);
  };
  canvas.addEventListener("click", (event) => click(map.position(event)));
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && map.cross(cross));
  canvas.addEventListener("blur", () => map.cross(null));
  canvas.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) move(DIRECTIONS[event.key], event.shiftKey ? 10 : 2);
    else if (event.key !== "Enter" && event.key !== " ") return;
    else if (!event.repeat) click({ ...cross }); // a held key repeats, but is one click
    event.preventDefault();
  });
}
