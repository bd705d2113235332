// The operator's hand: each action is asked for once more, and what came of it is said.

const byId = (id) => document.getElementById(id);

const FORCES = {
  open: ["Hold the breaker open?", "All processes of this server refuse every click with 503 until it is set to automatic."],
  closed: ["Hold the breaker closed?", "Clicks go to the database however it fares; nothing protects it, or the queue."],
  "": ["Let the breaker decide?", "It opens and closes by what it sees. Where it was held open, it probes at once."],
};

const MOVES = {
  open: ["Open", "Players can click in it."],
  pause: ["Pause", "It takes no clicks until it is opened again."],
  close: ["Close", "It ends for good: its seed becomes public, and it cannot be opened again."],
  delete: ["Delete", "The hunt and its versions are gone; the audit trail keeps a record."],
};

/** Moves allowed in each state; a hunt that never had a click may be deleted, too. */
const ALLOWED = {
  draft: ["open"],
  waiting: ["pause", "close"],
  open: ["pause", "close"],
  paused: ["open", "close"],
  closing: ["close"],
  closed: [],
};

export class Controls {
  #operator;
  #process = null;

  /** @param {import("./operator.js").Operator} operator */
  constructor(operator) {
    this.#operator = operator;
    for (const button of document.querySelectorAll("[data-force]")) {
      const { force } = button.dataset;
      button.addEventListener("click", () => this.#act(...FORCES[force], () => this.#force(force || null)));
    }
    byId("drain").addEventListener("click", () => this.#drain(this.#process));
  }

  /** The process whose samples are shown, which is the one to drain. */
  shows(process) {
    this.#process = process;
  }

  /** @param {{hunts: {id: string, title: string, state: string, deletable: boolean}[], more: number}} all */
  hunts({ hunts, more }) {
    const rows = hunts.map(({ id, title, state, deletable }) => {
      const row = document.createElement("tr");
      const head = Object.assign(document.createElement("th"), { scope: "row", textContent: id });
      const cells = [title, state].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
      const buttons = Object.assign(document.createElement("div"), { className: "buttons" });
      const moves = deletable ? [...ALLOWED[state], "delete"] : ALLOWED[state];
      buttons.append(...moves.map((move) => this.#mover(id, move)));
      const last = document.createElement("td");
      last.append(buttons);
      row.append(head, ...cells, last);
      return row;
    });
    const focused = document.activeElement?.dataset?.move; // `id move`: the row is made anew
    byId("hunts").replaceChildren(...rows);
    if (focused) document.querySelector(`[data-move="${focused}"]`)?.focus();
    byId("more").textContent = more ? `and ${more} more` : "";
  }

  #mover(id, move) {
    const [word, consequence] = MOVES[move];
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
    button.dataset.move = `${id} ${move}`;
    button.setAttribute("aria-label", `${word} ${id}`);
    button.addEventListener("click", () =>
      this.#act(`${word} the hunt ${id}?`, consequence, async () => {
        const path = `/v1/admin/hunts/${encodeURIComponent(id)}`;
        if (move === "delete") {
          await this.#operator.delete(path);
          return `The hunt ${id} is deleted.`;
        }
        const { state } = await this.#operator.post(`${path}/${move}`);
        return `The hunt ${id} is ${state}.`;
      }),
    );
    return button;
  }

  async #force(force) {
    const { state, processes } = await this.#operator.post("/v1/admin/breaker", { force });
    return `The breaker is ${state}${force ? ", held" : ", automatic"}; processes that know: ${processes}.`;
  }

  #drain(process) {
    const consequence = "It takes no more clicks, ends its streams, commits what waits, and ends. hunt serve starts another.";
    this.#act(`Drain process ${process}?`, consequence, async () => {
      await this.#operator.post(`/v1/admin/drain?process=${process}`);
      return `Process ${process} drains.`;
    });
  }

  async #act(question, consequence, action) {
    if (!(await confirmed(question, consequence))) return;
    try {
      say(await action(), "good");
    } catch (error) {
      const late = error.name === "TimeoutError";
      say(late ? "No answer in time: whether it was done is not known." : `Not done: ${error.message}`, "bad");
    }
  }
}

function say(text, kind) {
  const result = byId("result");
  result.dataset.kind = kind;
  result.textContent = text;
}

function confirmed(question, consequence) {
  const dialog = byId("confirm");
  byId("question").textContent = question;
  byId("consequence").textContent = consequence;
  say("", "good");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
