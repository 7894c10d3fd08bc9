// Trying again: through breaks of the network, pauses and a new login.
import { Interrupted, LoggedOut, Stopped, renewToken } from "./requests.js";

const LONGEST_SECONDS = 30;
const AGAIN = new Set(["upload_offset", "upload_in_progress"]);

// What a person can do to an upload: pause it, go on, cancel it.
export class Gate {
  isCancelled = false;
  #controller = new AbortController();
  #open = Promise.resolve();
  #resume = () => {};
  #stop;
  #cancelled = new Promise((_, reject) => { this.#stop = reject; });

  constructor() {
    this.#cancelled.catch(() => {}); // nobody may be waiting for it
  }

  // Of the requests of this moment: a pause ends them, and what they sent is kept.
  get signal() {
    return this.#controller.signal;
  }

  pause() {
    this.#open = new Promise((resolve) => { this.#resume = resolve; });
    this.#controller.abort();
  }

  resume() {
    if (!this.isCancelled) this.#controller = new AbortController();
    this.#resume();
  }

  cancel() {
    this.isCancelled = true;
    this.#stop(new Stopped());
    this.#controller.abort();
    this.#resume();
  }

  // Wait until nothing is paused. Rejects with Stopped once it is cancelled.
  async pass() {
    await this.#open;
    if (this.isCancelled) throw new Stopped();
  }

  // `promise`, or Stopped as soon as it is cancelled.
  unlessCancelled(promise) {
    return Promise.race([promise, this.#cancelled]);
  }
}

// Getting a session back: by a new token, else by a person who logs in elsewhere.
export class Login {
  #renewing = null;

  constructor(page, askPerson) {
    this.page = page;
    this.askPerson = askPerson;
  }

  // All who wait for it share one renewal.
  renew(gate) {
    this.#renewing ??= this.#renew(gate).finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  async #renew(gate) {
    while (!(await renewToken(this.page))) await gate.unlessCancelled(this.askPerson());
  }
}

// The result of `work(progressed)`, begun anew as often as what stops it can pass. It calls
// `progressed` whenever something went well. `onWait(seconds)` is told of each wait, and of its end.
export async function patiently(work, { gate, login, onWait }) {
  const tried = { failures: 0, renewals: 0 };
  const progressed = () => Object.assign(tried, { failures: 0, renewals: 0 });
  for (;;) {
    await gate.pass();
    try {
      return await work(progressed);
    } catch (error) {
      await recover(error, tried, { gate, login, onWait });
    }
  }
}

async function recover(error, tried, { gate, login, onWait }) {
  if (error instanceof Stopped && !gate.isCancelled) return;
  if (error instanceof LoggedOut && tried.renewals < 2) {
    tried.renewals += 1;
    await login.renew(gate);
    return;
  }
  if (!(error instanceof Interrupted || AGAIN.has(error.code))) throw error;
  const seconds = error.retryAfterSeconds || Math.min(2 ** tried.failures, LONGEST_SECONDS);
  tried.failures += 1;
  onWait(seconds);
  await sleep(seconds, gate.signal);
  onWait(0);
}

// Also over as soon as the network is back, or somebody pauses or cancels.
function sleep(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
