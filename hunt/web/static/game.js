// The game: what the player does, what came of it, and what the page shows.

import { click, read, Refused, session, sleep, uuid } from "./api.js";
import { Map as Chart } from "./map.js";
import { follow } from "./stream.js";

const $ = (id) => document.getElementById(id);
const SHOWN = 200; // finds in the list; older ones still count

/** What the player has found, by click id: it comes with the answer and again with the stream, and counts once. */
const finds = new Map();
let points = 0;
let hunt;
let chart;

async function start() {
  await guest();
  const { hunts } = await read("/v1/hunts");
  const wanted = new URLSearchParams(location.search).get("hunt");
  const chosen = hunts.find((each) => each.id === wanted) ?? hunts.find((each) => each.state === "open") ?? hunts[0];
  if (!chosen) return say("There is no hunt here yet.", "bad");
  hunt = await read(`/v1/hunts/${chosen.id}`);
  document.title = `${hunt.title} · hunt`;
  $("title").textContent = hunt.title;
  showPrizes();
  chart = new Chart($("map"), hunt.map);
  listen();
  await load();
  follow(`/v1/hunts/${hunt.id}/events`, { event: streamed, state: showConnection });
}

/** Have a session; a server that is starting is waited for. */
async function guest() {
  for (;;) {
    try {
      return await session();
    } catch (error) {
      if (error instanceof Refused && error.status < 500) throw error;
      await sleep(1000);
    }
  }
}

/** Load the finds of earlier visits. */
async function load() {
  for (let after = 0; after !== null; ) {
    const page = await read(`/v1/hunts/${hunt.id}/rewards?after=${after}&limit=1000`);
    for (const reward of page.rewards) found(reward, false);
    after = page.next;
  }
}

function streamed(event) {
  if (event.event === "reward") found(JSON.parse(event.data), true);
  if (event.event === "reset") load(); // the stream cannot say what was missed; the server's list can
}

/** Take a reward, from wherever it came; a known one changes nothing. */
function found(reward, fresh) {
  if (finds.has(reward.id)) return;
  finds.set(reward.id, reward);
  points += reward.points;
  $("points").textContent = points.toLocaleString("en");
  $("count").textContent = `· ${finds.size}`;
  $("empty").hidden = true;
  const item = document.createElement("li");
  item.dataset.id = reward.id;
  item.dataset.seq = reward.seq;
  if (fresh) item.className = "fresh";
  const what = document.createElement("span");
  what.className = reward.prize ? "won" : "nothing";
  what.textContent = reward.prize ? titleOf(reward.prize) : "nothing";
  if (reward.prize) {
    const worth = document.createElement("small");
    worth.textContent = `+${reward.points}`;
    what.append(worth);
  }
  const seq = document.createElement("span");
  seq.className = "seq";
  seq.textContent = `#${reward.seq}`;
  item.append(what, seq);
  // Newest first, by the log's order, whichever way each of them came.
  const list = $("rewards");
  const older = [...list.children].find((each) => Number(each.dataset.seq) < reward.seq);
  list.insertBefore(item, older ?? null);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
}

async function shoot(place) {
  const id = uuid();
  chart.mark(id, place, "waiting");
  try {
    const reward = await click(hunt.id, { id, x: place.x, y: place.y }, (pause) =>
      say(`Busy. Trying again in ${Math.max(1, Math.round(pause / 1000))} s …`, "busy"),
    );
    found(reward, true);
    chart.mark(id, place, reward.prize ? "won" : "nothing");
    say(reward.prize ? `${titleOf(reward.prize)}: ${reward.points} points.` : "Nothing but water.", reward.prize ? "won" : "");
  } catch (error) {
    chart.mark(id, place, "nothing");
    say(error.message, "bad");
  }
}

/** Pointer and keyboard. */
function listen() {
  const canvas = $("map");
  canvas.addEventListener("click", (event) => shoot(chart.place(event)));
  const cross = { x: hunt.map.width / 2, y: hunt.map.height / 2 };
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && chart.cross(cross));
  canvas.addEventListener("blur", () => chart.cross(null));
  canvas.addEventListener("keydown", (event) => {
    const way = step[event.key];
    if (way) {
      const stride = event.shiftKey ? 10 : 2;
      cross.x = Math.min(Math.max(cross.x + way[0] * stride, 0), hunt.map.width);
      cross.y = Math.min(Math.max(cross.y + way[1] * stride, 0), hunt.map.height);
      chart.cross(cross);
    } else if (event.key === "Enter" || event.key === " ") {
      shoot({ ...cross });
    } else {
      return;
    }
    event.preventDefault();
  });
}

const titleOf = (prize) => hunt.prizes.find((each) => each.id === prize)?.title ?? prize;

function showPrizes() {
  $("prizes").replaceChildren(
    ...hunt.prizes.map((prize) => {
      const item = document.createElement("li");
      const left = document.createElement("span");
      left.className = "left";
      left.textContent = `${prize.points} points`;
      item.append(prize.title, left);
      return item;
    }),
  );
}

function showConnection(state, seconds) {
  const says = {
    connecting: "connecting …",
    live: "live",
    waiting: `reconnecting in ${seconds} s`,
    draining: `server draining, reconnecting in ${seconds} s`,
    over: "the hunt is over",
    refused: "not allowed: reload the page",
  };
  $("connection").dataset.state = state;
  $("connection").textContent = navigator.onLine || state === "live" ? says[state] : "offline";
}

function say(text, kind) {
  $("outcome").textContent = text;
  $("outcome").dataset.kind = kind;
}

start().catch((error) => {
  say(error.message, "bad");
  showConnection("refused");
});
