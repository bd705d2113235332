// The page /proof/{hunt}: verifies a finished hunt in the browser.

import { byId, element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { answersIn, answersInAddress, NoAnswer } from "./answers.js";
import { canonical, hex, sha256, utf8 } from "./bytes.js";
import { Replay } from "./replay.js";
import { StepList } from "./step-list.js";
import { linesOf, Malformed, verify } from "./verify.js";

const hunt = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const steps = new StepList(byId("steps"));
const state = byId("state");
let lines = null; // of the bundle
let own = null; // pseudonym of the player
let replay = null;
let last = null; // what was verified

const route = (path = "") => `/v1/hunts/${encodeURIComponent(hunt)}${path}`;

/** Return the JSON of a route, or null with the status if it is refused. */
async function read(path) {
  const response = await fetch(route(path));
  return { status: response.status, body: response.ok ? await response.json() : null };
}

function say(text) {
  state.textContent = text;
}

/** Verify what is loaded, and show the result. */
async function check(answers = []) {
  const seal = byId("seal").value.trim().toLowerCase() || null;
  steps.begin();
  byId("verdict").textContent = "";
  try {
    const progress = (rows) => say(`Checked ${rows.toLocaleString("en")} of ${plural(Number(lines[0].rows), "click")} …`);
    last = await verify(lines, { answers, seal, progress });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    say(`This file cannot be checked: ${error.message}.`);
    return null;
  }
  const failed = Object.keys(last.failures).length;
  steps.show(last.failures, answers.length > 0);
  say("");
  const verdict = byId("verdict");
  verdict.dataset.state = failed ? "fails" : "holds";
  verdict.textContent = failed ? `${plural(failed, "of the steps does", "of the steps do")} not hold.` : `Every step holds, for ${last.rows === 1 ? "" : "all "}${plural(last.rows, "click")}.`;
  byId("check-receipts").disabled = false;
  return last;
}

/** Verify a bundle, and show its time-lapse. */
async function open(data) {
  replay?.close();
  replay = null;
  steps.begin();
  byId("verdict").textContent = "";
  byId("replay").hidden = true;
  try {
    lines = await linesOf(data);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    say(`This file cannot be checked: ${error.message}.`);
    return;
  }
  const found = await check();
  if (!found?.definition) return;
  byId("title").textContent = `Check: ${found.definition.title}`;
  document.title = `Proof of ${found.definition.title}`;
  showSeals(found.seals);
  showStamped(found.stamped);
  if (found.log.length) replay = new Replay(found, own);
  showOwn(found.log);
  if (byId("receipts").value) await checkReceipts();
}

function showStamped(count) {
  const heads = plural(count, "published fingerprint of the log was", "published fingerprints of the log were");
  byId("stamped").textContent = `${heads} signed with the time by an authority. This page does not check the signatures; the command hunt verify does, with --authorities.`;
  byId("stamped").hidden = !count;
}

function showSeals(seals) {
  const rows = seals.flatMap(({ hash, document: { number, at, seq } }) => [
    element("dt", {}, number === 1 ? "First seal" : `Seal ${number}, after click ${seq}`, ` (${at.slice(0, 19).replace("T", " ")} UTC)`),
    element("dd", {}, hash),
  ]);
  byId("seals").replaceChildren(...rows);
  byId("before").hidden = false;
  if (lines) {
    byId("before-title").textContent = "The seals of this hunt";
    byId("before-text").textContent = "A seal fixes the secret seed, the places, the odds, the order of the prizes and all rules. Compare the first fingerprint with the one that was published before the hunt. Each later seal is a change, with its time.";
  }
}

function showOwn(log) {
  const mine = own === null ? [] : log.filter(({ player }) => player === own);
  byId("own").hidden = !mine.length;
  byId("own-count").textContent = `This browser's player has ${plural(mine.length, "click")} in the log. Clicks of other players are not shown.`;
  const rows = mine.map(({ seq, at, x, y, prize, points, sold_out: soldOut }) => {
    const result = prize === null ? (soldOut ? `nothing: ${soldOut} was sold out` : "nothing") : `${prize}, ${plural(points, "point")}`;
    const cells = [String(seq), new Date(at / 1000).toISOString().slice(0, 23).replace("T", " "), `${x}, ${y}`, result];
    return element("tr", {}, ...cells.map((each) => element("td", {}, each)));
  });
  byId("own-rows").replaceChildren(...rows);
}

async function checkReceipts() {
  const result = byId("receipts-result");
  result.dataset.state = "fails";
  let answers;
  try {
    answers = answersIn(byId("receipts").value);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    result.textContent = error.message;
    return;
  }
  const found = await check(answers);
  if (found === null) return;
  const wrong = found.failures.receipts;
  result.dataset.state = wrong ? "fails" : "holds";
  const [{ seq, receipt }] = answers;
  const fine = answers.length === 1 ? `Your click is row ${seq}, as you were told, and nothing up to row ${receipt.upto} was changed since.` : `All ${answers.length} receipts fit the log.`;
  result.textContent = wrong ? `A receipt does not fit: ${wrong}.` : fine;
}

/** Load the bundle of the hunt, or show its seals before the end. */
async function load() {
  byId("receipts").value = answersInAddress(location.hash);
  if (!hunt) return say("Choose the file of a hunt below.");
  byId("download").href = route("/proof/bundle");
  const { status, body: details } = await read("");
  if (status === 404) return say(`There is no hunt ${hunt} on this server. You can check a file below.`);
  if (!details) return say("The server does not answer as it should. Try again later, or check a file below.");
  byId("title").textContent = `Check: ${details.title}`;
  if (!details.seal) return say("This hunt was made without a proof: its draws cannot be checked here.");
  if (details.state === "closed") {
    const mine = await read("/proof/own"); // refused without a player
    own = mine.body?.player ?? null;
    const response = await fetch(route("/proof/bundle"));
    if (response.ok) return open(await response.arrayBuffer());
    return say("The server does not send the file of this hunt now. Try again in a few seconds.");
  }
  const proof = await read("/proof");
  if (!proof.body) return say("The server does not answer as it should. Try again later.");
  showSeals(await hashed(proof.body.seals));
  say("The hunt has not ended yet, so its places and its seed are still secret. Come back after the end.");
}

/** Return the seals with their fingerprints, as computed here. */
function hashed(seals) {
  return Promise.all(seals.map(async ({ document: seal }) => ({ hash: hex(await sha256(utf8(canonical(seal)))), document: seal })));
}

byId("file").addEventListener("click", ({ target }) => (target.value = "")); // so that the same file can be chosen again
byId("file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (file) await open(await file.arrayBuffer());
});
byId("seal").addEventListener("change", () => lines && check());
byId("check-receipts").addEventListener("click", checkReceipts);

try {
  await load();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  say("There is no connection to the server. You can check a file below.");
}
