// A hunt, for other people's pages: this module, and what it imports, is also what the game page plays with.

import { send, Unconfirmed, uuid } from "./clicks.js";
import { backoff, sleep } from "./pauses.js";
import { read } from "./reading.js";
import { Refused } from "./refusals.js";
import { Session, SignedOut } from "./session.js";
import { Stream } from "./stream.js";

export { Refused, SignedOut, Unconfirmed, uuid };

const PAGE = 1000; // rewards; the most that the server gives

/**
 * Become a player.  Waits for a server that is away; rejects with `Refused` where it takes no guests.
 * @param {{url?: string, token?: string | (() => string), changed?: () => void}} options
 *   `url`: the server's, else the one that this module came from; `token`: of a player whom your own server knows, or
 *   what returns one for each request, else a guest; `changed`: told when the guest has become another one
 */
export async function join({ url = new URL("..", import.meta.url).href, token, changed = () => {} } = {}) {
  const session = new Session(changed, { url, token });
  for (let attempt = 0; ; attempt++) {
    try {
      await session.open();
      return new Player(session);
    } catch (error) {
      if (error instanceof Refused) throw error;
      await sleep(backoff(attempt) + (error.retryAfter ?? 0));
    }
  }
}

/** Made by `join`. */
class Player {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** All hunts, in short. */
  async hunts() {
    return (await read(this.#session, "/v1/hunts")).hunts;
  }

  /** The hunt of an id, which is not looked up yet. */
  hunt(id) {
    return new Hunt(this.#session, encodeURIComponent(id));
  }
}

/** Made by `Player.hunt`. */
class Hunt {
  #session;
  #id;

  constructor(session, id) {
    this.#session = session;
    this.#id = id;
  }

  /** What players may know of it: title, map, prizes, times. */
  details() {
    return read(this.#session, `/v1/hunts/${this.#id}`);
  }

  /**
   * Click, and resolve to the outcome once it is durable: `{id, seq, prize, points, at, duplicate}`.  It is sent until
   * there is an answer, under one id, so that it counts once.  Rejects with `Refused` where it never will, and with
   * `Unconfirmed` after a minute: then it may be sent again with its id.
   */
  click(x, y, id = uuid()) {
    return send(this.#session, this.#id, { id, x, y });
  }

  /** The player's own rewards with a greater `seq` than `after`, all of them, oldest first. */
  async history(after = 0) {
    const rewards = [];
    for (let next = after; next !== null; ) {
      const page = await read(this.#session, `/v1/hunts/${this.#id}/rewards?after=${next}&limit=${PAGE}`);
      rewards.push(...page.rewards);
      next = page.next;
    }
    return rewards;
  }

  /**
   * Tell the player's rewards as they happen, each once, by ascending `seq`; it reconnects and misses none.
   * @param {{reward: (reward: object) => void, hello?: (hello: object) => void, reset?: (why: object) => void,
   *   state?: (state: string) => void, countdown?: (seconds: number) => void, refused?: (error: Error) => void}} told
   *   `reset`: rewards may be missing, because the place to go on from is too old: read the `history`
   * @param {string} after the `position` to go on from, else now
   * @returns {{position: string, stop: () => void}}
   */
  follow(told, after = "") {
    let began = after;
    const kinds = {
      hello: (hello) => {
        if (!hello.resumed) stream.position = began = `${hello.epoch}-${hello.seq}`;
        told.hello?.(hello);
      },
      reset: (why) => {
        stream.position = began;
        told.reset?.(why);
      },
      reward: (reward) => told.reward(reward),
    };
    const stream = new Stream(this.#session, `/v1/hunts/${this.#id}/events`, {
      event: ({ event, data }) => kinds[event]?.(JSON.parse(data)),
      state: (state) => told.state?.(state),
      countdown: (seconds) => told.countdown?.(seconds),
      refused: (error) => told.refused?.(error),
    });
    stream.position = after;
    stream.follow();
    return {
      get position() {
        return stream.position;
      },
      stop: () => stream.stop(),
    };
  }
}
