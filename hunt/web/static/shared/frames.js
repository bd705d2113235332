// What is shown is shown once a frame, however much comes in.

/**
 * Return what asks for `work` to be done before the next frame is painted: once, however often it is asked for.  Of a
 * page that nobody sees the browser paints no frames, so what comes in meanwhile must be kept small by who keeps it.
 * @param {() => void} work
 */
export function onFrame(work) {
  let asked = false;
  const run = () => {
    asked = false;
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(run);
  };
}
