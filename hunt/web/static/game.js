// The game: what the player does, what came of it, and what the page shows.

import { aim } from "./aim.js";
import { Connection } from "./connection.js";
import { Finds } from "./finds.js";
import { Leaders } from "./leaders.js";
import { Chart } from "./map.js";
import { backoff, sleep } from "./pauses.js";
import { History, read } from "./reading.js";
import { Refused } from "./refusals.js";
import { Session } from "./session.js";
import { Shots } from "./shots.js";
import { Stream } from "./stream.js";

const $ = (id) => document.getElementById(id);
const connection = new Connection($("connection"), $("state"), $("countdown"));

async function start() {
  let changed = () => {};
  const session = new Session(() => changed());
  await guest(session);
  const hunt = await choose(session);
  if (!hunt) return say("There is no hunt here yet.", "bad");
  const titles = new Map(hunt.prizes.map((prize) => [prize.id, prize.title]));
  show(hunt);

  const page = { list: $("rewards"), points: $("points"), count: $("count"), empty: $("empty") };
  const finds = new Finds(titles, page);
  const chart = new Chart($("map"), hunt.map);
  const take = (rewards, fresh) => {
    finds.add(rewards, { fresh });
    for (const reward of rewards) shots.settle(reward);
  };
  const shots = new Shots(session, hunt.id, chart, {
    reward: (reward) => take([reward], true),
    settled: ({ prize, points }) =>
      prize ? say(`${titles.get(prize) ?? prize}: ${points.toLocaleString("en")} points.`, "won") : say("Nothing but water.", ""),
    say,
    unsure: offer,
  });
  const history = new History(session, `/v1/hunts/${hunt.id}/rewards`, {
    page: (rewards) => take(rewards, false),
    failed: (error) => say(error.message, "bad"),
  });
  let epoch = hunt.epoch;
  const heard = {
    hello(greeting) {
      if (greeting.epoch !== epoch) finds.clear(); // the log of a restored database: it may not know what we know
      epoch = greeting.epoch;
      // From here on the stream misses nothing; what was before it, the server's list knows.
      if (!greeting.resumed) history.load();
    },
    reset: () => history.load(),
    reward: (reward) => take([reward], true),
  };
  const stream = new Stream(session, `/v1/hunts/${hunt.id}/events`, {
    event: ({ event, data }) => heard[event]?.(JSON.parse(data)),
    state: (state) => connection.state(state),
    countdown: (seconds) => connection.countdown(seconds),
    refused: (error) => say(error.message, "bad"),
  });
  changed = () => {
    history.stop();
    finds.clear();
    stream.restart();
    // Not beside the map: the next click's outcome would replace it, and the points be gone without a word.
    $("notice").textContent = "Your session had ended: you are a new guest now.";
  };

  aim(chart, (place) => shots.shoot(place));
  $("again").addEventListener("click", () => {
    $("map").focus(); // the button goes away, and must not take the keyboard's place with it
    shots.again();
  });
  new Leaders(session, hunt.id, { frame: $("leading"), list: $("leaders") }).follow();
  await stream.follow();
}

/** Have a session; a server that is starting is waited for. */
async function guest(session) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await session.open();
    } catch (error) {
      // No guests here; but the cookie may be of a player who was known already, which the next request will show.
      if (error instanceof Refused) return;
      await sleep(backoff(attempt) + (error.retryAfter ?? 0));
    }
  }
}

/** The hunt that the address asks for, or else one that is open. */
async function choose(session) {
  const { hunts } = await read(session, "/v1/hunts");
  const wanted = new URLSearchParams(location.search).get("hunt");
  const chosen = hunts.find((each) => each.id === wanted) ?? hunts.find((each) => each.state === "open") ?? hunts[0];
  if (chosen) offerOthers(hunts, chosen);
  return chosen && read(session, `/v1/hunts/${chosen.id}`);
}

/** Links, not a list that leads away as soon as an arrow key moves in it. */
function offerOthers(hunts, chosen) {
  const items = hunts.map((each) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `?hunt=${encodeURIComponent(each.id)}`;
    link.textContent = each.state === "open" ? each.title : `${each.title} (${each.state})`;
    if (each === chosen) link.setAttribute("aria-current", "page");
    item.append(link);
    return item;
  });
  $("hunts").replaceChildren(...items);
  $("choice").hidden = items.length < 2;
}

function show(hunt) {
  document.title = `${hunt.title} · hunt`;
  $("title").textContent = hunt.title;
  $("prizes").replaceChildren(
    ...hunt.prizes.map((prize) => {
      const item = document.createElement("li");
      const worth = document.createElement("span");
      worth.className = "worth";
      worth.textContent = `${prize.points.toLocaleString("en")} points`;
      item.append(prize.title, worth);
      return item;
    }),
  );
}

/** Offer to send clicks again that could not be confirmed. */
function offer(count) {
  $("again").hidden = count === 0;
  $("again").textContent = count > 1 ? `Try ${count} clicks again` : "Try again";
}

function say(text, kind) {
  const { dataset, textContent } = $("outcome");
  if (kind === "busy" && textContent === text) return; // once is enough for who hears it
  dataset.kind = kind;
  $("outcome").textContent = sentence(text);
}

/** The server's details begin small and end without a stop. */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

start().catch((error) => {
  say(error.message, "bad");
  connection.state("refused");
});
