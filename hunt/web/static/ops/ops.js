// The operations page: one stream of samples, shown; and the operator's hand.

import { Board } from "./dashboard.js";
import { Connection } from "../shared/connection-status.js";
import { Controls } from "./controls.js";
import { History } from "./sample-history.js";
import { Operator } from "./operator.js";
import { COLUMNS, Plots } from "./plots.js";
import { Stream } from "../lib/event-stream.js";

const KEPT = 900; // samples, as the server keeps them

const byId = (id) => document.getElementById(id);

const operator = new Operator();
const board = new Board();
const controls = new Controls(operator);
const history = new History(COLUMNS, KEPT);
const connection = new Connection(byId("connection"), byId("state"), byId("countdown"));
let plots = null; // made once there is a place that has a width
let version = "";

const heard = {
  hello(sizes) {
    version = sizes.version;
    board.hello(sizes);
  },
  sample(sample) {
    history.add(sample);
    board.show(sample);
    controls.shows(sample.process);
    byId("who").textContent = `process ${sample.process} · hunt ${version}${operator.name ? ` · as ${operator.name}` : ""}`;
    plots.update();
  },
  processes: (all) => board.processes(all),
  hunts: (all) => controls.hunts(all),
};

const stream = new Stream(operator.session, "/ops/samples", {
  event: ({ event, data }) => heard[event]?.(JSON.parse(data)),
  state: (state) => connection.state(state),
  countdown: (seconds) => connection.countdown(seconds),
  refused: (error) => signOut(error.message),
});

function signIn() {
  show(true);
  plots ??= new Plots(byId("plots"), history);
  stream.restart();
}

function signOut(reason = "") {
  operator.signOut();
  board.forget();
  show(false);
  byId("refused").textContent = reason;
  byId("token").focus();
}

function show(board) {
  for (const id of ["board", "connection", "sign-out", "who"]) byId(id).hidden = !board;
  byId("door").hidden = board;
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  operator.signIn(byId("token").value.trim());
  byId("token").value = "";
  byId("refused").textContent = "";
  signIn();
});
byId("sign-out").addEventListener("click", () => {
  operator.signOut();
  location.reload(); // the stream ends, and nothing of what was seen stays
});

if (operator.signedIn) signIn();
else show(false);
