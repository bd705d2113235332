// The operations page: one stream of samples, and the operator's actions.

import { EventStream } from "../lib/event-stream.js";
import { ConnectionStatus } from "../shared/connection-status.js";
import { byId } from "../shared/elements.js";
import { Controls } from "./controls.js";
import { Dashboard } from "./dashboard.js";
import { Operator } from "./operator.js";
import { COLUMNS, Plots } from "./plots.js";
import { SampleHistory } from "./sample-history.js";
import { WebhookTable } from "./webhook-table.js";

const CAPACITY = 900; // samples; the server keeps as many

const operator = new Operator();
const dashboard = new Dashboard();
const controls = new Controls(operator);
const webhooks = new WebhookTable(operator);
const history = new SampleHistory(COLUMNS, CAPACITY);
const connection = new ConnectionStatus(byId("connection"), byId("state"), byId("countdown"));
let plots = null; // made once the page is visible, because a plot needs its width
let version = "";

const handlers = {
  hello(greeting) {
    version = greeting.version;
    dashboard.hello(greeting);
  },
  sample(sample) {
    history.add(sample);
    dashboard.show(sample);
    controls.shows(sample.process);
    byId("who").textContent = `process ${sample.process} · hunt ${version}${operator.name ? ` · as ${operator.name}` : ""}`;
    plots.update();
  },
  processes: (all) => dashboard.processes(all),
  hunts: (all) => controls.hunts(all),
};

const stream = new EventStream(operator.session, "/ops/samples", {
  event: ({ event, data }) => handlers[event]?.(JSON.parse(data)),
  state: (state) => connection.state(state),
  countdown: (seconds) => connection.countdown(seconds),
  refused: (error) => signOut(error.message),
});

function signIn() {
  showDashboard(true);
  plots ??= new Plots(byId("plots"), history);
  stream.restart();
  webhooks.start();
}

function signOut(reason) {
  operator.signOut();
  webhooks.stop();
  dashboard.forget();
  showDashboard(false);
  byId("refused").textContent = reason;
  byId("token").focus();
}

/** Show either the dashboard or the form for signing in. */
function showDashboard(signedIn) {
  for (const id of ["board", "connection", "sign-out", "who"]) byId(id).hidden = !signedIn;
  byId("door").hidden = signedIn;
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
  location.reload(); // ends the stream, and removes everything that was shown
});

if (operator.signedIn) signIn();
else showDashboard(false);
