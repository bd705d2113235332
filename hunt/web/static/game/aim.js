// Where the player aims: the pointer's place, or the cross that the keyboard moves.

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {import("./map.js").Chart} chart
 * @param {(place: {x: number, y: number}) => void} shoot
 */
export function aim(chart, shoot) {
  const { canvas, size } = chart;
  const cross = { x: size.width / 2, y: size.height / 2 };
  const move = ([x, y], stride) => {
    cross.x = Math.min(Math.max(cross.x + x * stride, 0), size.width);
    cross.y = Math.min(Math.max(cross.y + y * stride, 0), size.height);
    chart.cross(cross);
  };
  canvas.addEventListener("click", (event) => shoot(chart.place(event)));
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && chart.cross(cross));
  canvas.addEventListener("blur", () => chart.cross(null));
  canvas.addEventListener("keydown", (event) => {
    if (event.key in WAYS) move(WAYS[event.key], event.shiftKey ? 10 : 2);
    else if (event.key !== "Enter" && event.key !== " ") return;
    else if (!event.repeat) shoot({ ...cross }); // a key that is held is one click
    event.preventDefault();
  });
}
