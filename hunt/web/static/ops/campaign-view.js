// The page of a campaign: the states of its doors, and the schedule of all of them.

import { byId } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { CampaignSchedule } from "./campaign-schedule.js";

const INTERVAL = 5000; // ms between two reads

export class CampaignView {
  #operator;
  #campaign;
  #handlers;
  #schedule = null;
  #timer = null;

  /**
   * @param {import("./operator.js").Operator} operator
   * @param {string} campaign
   * @param {{state: (state: string) => void, refused: (error: Error) => void}} handlers `refused`: the token is not valid
   */
  constructor(operator, campaign, handlers) {
    this.#operator = operator;
    this.#campaign = campaign;
    this.#handlers = handlers;
  }

  start() {
    byId("campaign-view").hidden = false;
    for (const part of document.querySelectorAll("#campaign-view [data-operator]")) part.hidden = !this.#operator.mayAs("operator");
    this.#schedule ??= new CampaignSchedule(this.#operator, this.#campaign);
    this.#handlers.state("connecting");
    this.#timer = setInterval(() => document.hidden || this.#read(), INTERVAL);
    this.#read();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    byId("campaign-view").hidden = true;
  }

  async #read() {
    try {
      const { campaigns } = await this.#operator.get("/v1/admin/campaigns");
      const found = campaigns.find(({ id }) => id === this.#campaign);
      if (this.#timer === null) return; // stopped meanwhile
      if (found === undefined) {
        this.#missing();
        return;
      }
      this.#show(found);
      await this.#schedule.read();
    } catch (error) {
      if (error.status === 401) this.#handlers.refused(error);
      else this.#handlers.state("waiting");
      return;
    }
    if (this.#timer !== null) this.#handlers.state("live");
  }

  #missing() {
    this.stop();
    this.#handlers.state("refused");
    byId("campaign-view").hidden = false;
    byId("campaign-parts").hidden = true;
    byId("campaign-name").textContent = `There is no campaign ${this.#campaign}`;
    byId("campaign-note").textContent = "It was deleted, the address is wrong, or your token does not permit all of its doors.";
  }

  #show({ id, title, doors }) {
    document.title = `${title} · operations`;
    byId("campaign-name").textContent = title;
    const states = [...new Set(doors.map(({ state }) => state))];
    const counts = states.map((each) => `${doors.filter(({ state }) => state === each).length} ${each === "closed" ? "over" : each}`);
    byId("campaign-note").textContent = `${id}, a campaign of ${plural(doors.length, "door")}: ${counts.join(", ")}`;
    this.#schedule.doors(doors);
  }
}
