// The operations page: one stream of samples, and the operator's actions; or, with
// `#hunt=ID` or `#campaign=ID`, the page of one hunt or campaign.

import { EventStream } from "../lib/event-stream.js";
import { ConnectionStatus } from "../shared/connection-status.js";
import { byId } from "../shared/elements.js";
import { CampaignView } from "./campaign-view.js";
import { Controls } from "./controls.js";
import { Dashboard } from "./dashboard.js";
import { Door } from "./door.js";
import { HuntView } from "./hunt-view.js";
import { Operator } from "./operator.js";
import { COLUMNS, Plots } from "./plots.js";
import { SampleHistory } from "./sample-history.js";
import { WebhookTable } from "./webhook-table.js";

const CAPACITY = 900; // samples; the server keeps as many

const operator = new Operator();
const dashboard = new Dashboard();
const controls = new Controls(operator);
const webhooks = new WebhookTable(operator, { card: byId("webhooks-card"), rows: byId("webhooks") });
const history = new SampleHistory(COLUMNS, CAPACITY);
const connection = new ConnectionStatus(byId("connection"), byId("state"), byId("countdown"));
let plots = null; // made once the page is visible, because a plot needs its width
let version = "";

const handlers = {
  hello(greeting) {
    version = greeting.version;
    dashboard.hello(greeting);
  },
  processes(all) {
    const [own] = all.processes;
    dashboard.processes(all);
    controls.shows(own.process);
    byId("who").textContent = `answered by process ${own.process} · hunt ${version}${operator.name ? ` · as ${operator.name}` : ""}`;
  },
  node(samples) {
    samples.forEach((sample) => history.add(sample));
    dashboard.node(samples.at(-1));
    plots.update();
  },
  hunts: (all) => controls.hunts(all),
};

const stream = new EventStream(operator.session, "/ops/samples", {
  event: ({ event, data }) => handlers[event]?.(JSON.parse(data)),
  state: (state) => connection.state(state),
  countdown: (seconds) => connection.countdown(seconds),
  refused: (error) => door.close(error.message),
});

/** The view of the whole server. */
const overview = {
  start() {
    byId("board").hidden = false;
    plots ??= new Plots(byId("plots"), history);
    stream.restart();
    webhooks.start();
  },
  stop() {
    webhooks.stop();
    dashboard.forget();
    byId("board").hidden = true;
  },
};

const address = new URLSearchParams(location.hash.slice(1));
const [hunt, campaign] = [address.get("hunt"), address.get("campaign")];
const reports = { state: (state) => connection.state(state), refused: (error) => door.close(error.message) };
const view = hunt ? new HuntView(operator, hunt, reports) : campaign ? new CampaignView(operator, campaign, reports) : overview;
const door = new Door(operator, {
  entered() {
    if (view !== overview) byId("who").textContent = operator.name ? `as ${operator.name}` : "";
    view.start();
  },
  left: () => view.stop(),
});

addEventListener("hashchange", () => location.reload()); // another view
door.open();
