// Play a hunt from any web page. The game page uses this module, too.

import { Campaign } from "./campaign.js";
import { sendClaim } from "./claim.js";
import { sendClick, Unconfirmed, uuid } from "./click.js";
import { Refused } from "./errors.js";
import { getJson } from "./get-json.js";
import { LeaderboardFollower } from "./leaders.js";
import { backoff, sleep } from "./retry.js";
import { sendName } from "./name.js";
import { RewardStream } from "./reward-stream.js";
import { NotInvited, Session, SignedOut } from "./session.js";
import { AllPlayersStream } from "./win-stream.js";

export { NotInvited, Refused, SignedOut, Unconfirmed, uuid };

const PAGE_SIZE = 1000; // rewards; the server's maximum

/**
 * Become a player. Retries until the server answers; rejects with `Refused` if it admits no guests.
 * @param {{url?: string, token?: string | (() => string | Promise<string>), guest?: boolean, changed?: () => void,
 *   opening?: Promise<Response>}} options
 *   `url`: the server's address, default: where this module was loaded from; `token`: a player's token, or a function
 *   that returns one for each request, default: play as a guest; `guest`: false to use an existing cookie and create no
 *   guest; `changed`: called when an expired guest was replaced by a new one; `opening`: the response to a
 *   `POST /v1/session` that the page has sent already
 */
export async function join({ url = new URL("../..", import.meta.url).href, token, guest = true, changed = () => {}, opening } = {}) {
  const session = new Session(changed, { url, token, opening });
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

/** A player; made by `join`. */
class Player {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** The guest's id; null for a player with a token. */
  get id() {
    return this.#session.player;
  }

  /** Resolve if the server accepts the player; reject with `NotInvited` or `SignedOut` if it does not. */
  async known() {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#session.fetch("/v1/tickets", { method: "POST" }).catch((error) => {
        if (error instanceof Refused) throw error;
      });
      if (response && response.status < 500) return; // 429 included: the rate limit applies to a known player
      await sleep(backoff(attempt));
    }
  }

  /** Return a summary of every hunt. */
  async hunts() {
    return (await getJson(this.#session, "/v1/hunts")).hunts;
  }

  /** Return a summary of every campaign. */
  async campaigns() {
    return (await getJson(this.#session, "/v1/campaigns")).campaigns;
  }

  /** Return the player's name on leaderboards: `{name, claimed, refused}`; `claimed`: it comes from the token. */
  name() {
    return getJson(this.#session, "/v1/name");
  }

  /** Choose the player's name on leaderboards; null removes it. Returns as `name`; rejects with `Refused`. */
  rename(name) {
    return sendName(this.#session, name);
  }

  /** Return the campaign with this id, without asking the server. */
  campaign(id) {
    return new Campaign(this.#session, id);
  }

  /** Return the hunt with this id, without asking the server. */
  hunt(id) {
    return new Hunt(this.#session, encodeURIComponent(id));
  }
}

/** A hunt; made by `Player.hunt`. */
class Hunt {
  #session;
  #id;
  #all;

  constructor(session, id) {
    this.#session = session;
    this.#id = id;
    this.#all = new AllPlayersStream(session, id);
  }

  /** Return title, map, prizes and times. */
  details() {
    return getJson(this.#session, `/v1/hunts/${this.#id}`);
  }

  /**
   * Click, and return the outcome once it is durable: `{id, seq, x, y, prize, points, at, duplicate, hint}`. The request is
   * retried with one id, so the click counts once. Rejects with `Refused` if the click is refused for good, and with
   * `Unconfirmed` after a minute without an answer; then call `click` again with the same id.
   * @param {number} x in map units, or longitude in degrees
   * @param {number} y in map units, or latitude in degrees
   * @param {string} id UUID
   * @param {{accuracy?: number, waiting?: (busy: boolean, why: {status: number, ms: number}) => void,
   *   settled?: () => boolean}} options `accuracy`: radius of error in metres, or in map units;
   *   `waiting`: called before each pause: whether the server answered, its status (429: rate limit, 0: no answer) and
   *   the length of the pause; `settled`: returns whether the outcome is known from the stream, then `click` returns null
   */
  click(x, y, id = uuid(), { accuracy, ...handlers } = {}) {
    return sendClick(this.#session, this.#id, { id, x, y, accuracy }, handlers);
  }

  /**
   * Claim a reward, or replace the fields of its claim, and return the reward with its `state`. The request is retried; a
   * repeat changes nothing. Rejects with `Refused`, whose `errors` name wrong fields, as in `fields.email`.
   * @param {number} seq of the reward
   * @param {object} fields values by name, as the `claim` of the prize asks for: texts, or true for a consent
   */
  claim(seq, fields = {}) {
    return sendClaim(this.#session, this.#id, seq, fields);
  }

  /**
   * Return all of the player's rewards with a `seq` greater than `after`, oldest first.
   * @param {number} after seq
   * @param {{page?: (rewards: object[]) => void, waiting?: (ms: number) => void, signal?: AbortSignal}} options
   *   `page`: called with each page of up to 1000 rewards; `waiting`: called before each pause between attempts;
   *   `signal`: ends the attempts
   */
  async history(after = 0, { page = () => {}, waiting, signal } = {}) {
    const rewards = [];
    for (let next = after; next !== null; ) {
      const path = `/v1/hunts/${this.#id}/rewards?after=${next}&limit=${PAGE_SIZE}`;
      const part = await getJson(this.#session, path, { signal, waiting });
      signal?.throwIfAborted();
      page(part.rewards);
      rewards.push(...part.rewards);
      next = part.next;
    }
    return rewards;
  }

  /**
   * Follow the player's rewards: each once, by ascending `seq`, across reconnects. The tabs of a guest share one stream.
   * @param {{reward: (reward: object) => void, hello?: (hello: object) => void, reset?: (why: object) => void,
   *   rewardState?: (change: {seq: number, prize: string, state: string, at: string}) => void,
   *   state?: (state: string) => void, countdown?: (seconds: number) => void, refused?: (error: Error) => void,
   *   live?: (name: string, content: object) => void}} handlers
   *   `live`: the name and the content of a live event, such as `state`, `stock` or `announcement`; `reset`: the stream could not resume, so rewards may be missing: read the `history`; `countdown`: seconds to the
   *   next attempt
   * @param {string} after a former `position` from which to resume, default: from now; such a stream is not shared
   * @returns {{position: string, stop: () => void}}
   */
  follow(handlers, after = "") {
    return new RewardStream(this.#session, this.#id, handlers, after);
  }

  /**
   * Follow the wins of all players, while the page is visible: `{player, prize, points, at}`, with masked names and
   * without positions.
   * @param {{wins: (wins: object[]) => void, refused?: (error: Error) => void}} handlers `wins`: called with a batch of
   *   wins, newest last
   * @returns {{stop: () => void}}
   */
  winners(handlers) {
    return this.#all.add(handlers);
  }

  /** Return the player's own place: `{rank, points, wins}`; `rank` is null without a win and beyond place 10,000. */
  standing() {
    return getJson(this.#session, `/v1/hunts/${this.#id}/standing`);
  }

  /**
   * Call `changed` with the leaderboard, now and after every change, while the page is visible:
   * `{rank, player, name, points, wins, you}`; `player` is a masked id, `name` undefined without one.
   * @param {(leaders: object[]) => void} changed
   * @param {{limit?: number}} options `limit`: number of entries, at most 100
   * @returns {{stop: () => void}}
   */
  leaders(changed, { limit = 10 } = {}) {
    return new LeaderboardFollower(this.#session, this.#id, changed, limit, this.#all);
  }
}
