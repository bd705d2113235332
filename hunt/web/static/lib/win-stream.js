// The stream of all players' wins in a hunt.

import { EventStream } from "./event-stream.js";
import { streamName } from "./reward-stream.js";
import { SharedStream } from "./shared-stream.js";

/**
 * Call `wins` with all players' wins, in batches, newest last, while the page is visible. Missed wins are not replayed.
 * @param {import("./session.js").Session} session
 * @param {string} hunt id
 * @param {{wins: (wins: object[]) => void, refused?: (error: Error) => void}} handlers
 * @returns {{stop: () => void}}
 */
export function followWins(session, hunt, handlers) {
  const path = `/v1/hunts/${hunt}/events?scope=all`;
  const open = (streamHandlers) => new EventStream(session, path, streamHandlers);
  let stream;
  const begin = () => {
    stream = new SharedStream(streamName(session, path), open, {
      event: ({ event, data }) => event === "wins" && handlers.wins(JSON.parse(data).wins),
      state: () => {},
      countdown: () => {},
      refused: (error) => handlers.refused?.(error),
    }, { onlyVisible: true });
    stream.follow();
  };
  const unsubscribe = session.onchange(() => {
    stream.stop();
    begin();
  });
  begin();
  return {
    stop() {
      unsubscribe();
      stream.stop();
    },
  };
}
