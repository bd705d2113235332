// Rendering at most once per animation frame.

/**
 * Return a function that schedules `work` for the next animation frame, at most once per frame. A hidden page
 * has no frames, so callers must bound what they collect meanwhile.
 * @param {() => void} work
 */
export function onFrame(work) {
  let scheduled = false;
  const run = () => {
    scheduled = false;
    work();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(run);
  };
}
