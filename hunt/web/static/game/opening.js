// Runs in the head of the page, before the modules have arrived: asks for the session meanwhile.
globalThis.opening = fetch("/v1/session", { method: "POST", signal: AbortSignal.timeout(10_000) });
globalThis.opening.catch(() => {}); // the session asks again
