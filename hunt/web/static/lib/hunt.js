// A hunt, for other people's pages: this module is also what the game page plays with.

import { send, Unconfirmed, uuid } from "./click.js";
import { Following, winners } from "./reward-stream.js";
import { Leaders } from "./leaderboard.js";
import { backoff, sleep } from "./retry.js";
import { read } from "./get-json.js";
import { Refused } from "./errors.js";
import { NotInvited, Session, SignedOut } from "./session.js";

export { NotInvited, Refused, SignedOut, Unconfirmed, uuid };

const PAGE = 1000; // rewards; the most that the server gives

/**
 * Become a player.  Waits for a server that is away; rejects with `Refused` where it takes no guests.
 * @param {{url?: string, token?: string | (() => string | Promise<string>), guest?: boolean, changed?: () => void}} options
 *   `url`: the server's, else the one that this module came from; `token`: of a player whom your own server knows, or
 *   what returns one for each request, else a guest; `guest`: false for a player whose cookie is there already, so that
 *   no guest is asked for; `changed`: told when the guest has become another one
 */
export async function join({ url = new URL("../..", import.meta.url).href, token, guest = true, changed = () => {} } = {}) {
  const session = new Session(changed, { url, token });
  for (let attempt = 0; guest; attempt++) {
    try {
      await session.open();
      break;
    } catch (error) {
      if (error instanceof Refused) throw error;
      await sleep(backoff(attempt) + (error.retryAfter ?? 0));
    }
  }
  return new Player(session);
}

/** Made by `join`. */
class Player {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** A guest's; null for who has a token, which names the player to the server only. */
  get id() {
    return this.#session.player;
  }

  /** Resolves where the server knows the player; rejects with `NotInvited` or `SignedOut` where it does not. */
  async known() {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#session.fetch("/v1/tickets", { method: "POST" }).catch((error) => {
        if (error instanceof Refused) throw error;
      });
      if (response && response.status < 500) return; // also 429: it is known who is too fast
      await sleep(backoff(attempt));
    }
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
   * Click, and resolve to the outcome once it is durable: `{id, seq, x, y, prize, points, at, duplicate}`.  It is sent until
   * there is an answer, under one id, so that it counts once.  Rejects with `Refused` where it never will, and with
   * `Unconfirmed` after a minute: then it may be sent again with its id.
   * @param {{waiting?: (busy: boolean, why: {status: number, ms: number}) => void, settled?: () => boolean}} told
   *   `waiting`: before each pause, whether the server was busy, not silent, and why: its status (429 is too fast), and
   *   the pause; `settled`: asked whether the outcome is known from the stream, which ends it with null
   */
  click(x, y, id = uuid(), told = {}) {
    return send(this.#session, this.#id, { id, x, y }, told);
  }

  /**
   * The player's own rewards with a greater `seq` than `after`, all of them, oldest first.
   * @param {{page?: (rewards: object[]) => void, waiting?: (ms: number) => void, signal?: AbortSignal}} options `page`:
   *   told each thousand as it comes; `waiting`: told before each pause, where it cannot be read now; `signal`: gives up
   */
  async history(after = 0, { page = () => {}, waiting, signal } = {}) {
    const rewards = [];
    for (let next = after; next !== null; ) {
      const part = await read(this.#session, `/v1/hunts/${this.#id}/rewards?after=${next}&limit=${PAGE}`, { signal, waiting });
      signal?.throwIfAborted();
      page(part.rewards);
      rewards.push(...part.rewards);
      next = part.next;
    }
    return rewards;
  }

  /**
   * Tell the player's rewards as they happen, each once, by ascending `seq`; it reconnects and misses none.  All tabs of
   * a guest share one stream.
   * @param {{reward: (reward: object) => void, hello?: (hello: object) => void, reset?: (why: object) => void,
   *   state?: (state: string) => void, countdown?: (seconds: number) => void, refused?: (error: Error) => void}} told
   *   `reset`: rewards may be missing, because the place to go on from is too old: read the `history`
   * @param {string} after the `position` to go on from, else now; such a stream is not shared
   * @returns {{position: string, stop: () => void}}
   */
  follow(told, after = "") {
    return new Following(this.#session, this.#id, told, after);
  }

  /**
   * Tell everybody's wins as they happen, while the page is seen: `{player, prize, points, at}`, players by masked names.
   * Where they are won, nobody is told.
   * @param {{wins: (wins: object[]) => void, refused?: (error: Error) => void}} told `wins`: those of a moment, the newest last
   * @returns {{stop: () => void}}
   */
  winners(told) {
    return winners(this.#session, this.#id, told);
  }

  /**
   * Tell who leads, now and whenever it has changed, while the page is seen: `{rank, player, points, wins, you}`.
   * @param {(leaders: object[]) => void} told
   * @param {{limit?: number}} options at most 100
   * @returns {{stop: () => void}}
   */
  leaders(told, { limit = 10 } = {}) {
    const leaders = new Leaders(this.#session, this.#id, told, limit);
    leaders.follow();
    return leaders;
  }
}
