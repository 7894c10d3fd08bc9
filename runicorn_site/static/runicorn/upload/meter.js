// How far the whole is: one bar, the phase it is in, how quick it goes.
import { duration, say, size } from "./texts.js";

const EVERY_MS = 250;
const WINDOW_MS = 10_000;
const place = document.querySelector("#progress");
const phase = document.querySelector("#phase");
const total = document.querySelector("#total");
const pace = document.querySelector("#pace");

export class Meter {
  #done = () => 0;
  #all = 0;
  #past = [];
  #timer = 0;
  #key = "phase-asking";
  #isPaused = false;

  // A phase that `done()` of `all` bytes tell of; without them it is known only that it goes on.
  begin(key, all = 0, done = null) {
    clearInterval(this.#timer);
    Object.assign(place, { hidden: false });
    this.#key = key;
    this.say(key);
    this.#all = all;
    this.#past = [];
    pace.textContent = "";
    if (!done) return total.removeAttribute("value");
    this.#done = done;
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
    this.#show();
  }

  say(key, values) {
    const text = say(this.#isPaused ? "phase-paused" : key, values);
    if (phase.textContent !== text) phase.textContent = text; // else it would be read out again
  }

  // While it is paused nothing else is said.
  pause(isPaused) {
    this.#isPaused = isPaused;
    this.goOn();
  }

  // Say the phase again, after something else was said.
  goOn() {
    this.say(this.#key);
  }

  end() {
    this.#isPaused = false;
    clearInterval(this.#timer);
    place.hidden = true;
  }

  #show() {
    const [now, done] = [performance.now(), this.#done()];
    this.#past = [...this.#past.filter(([at]) => now - at < WINDOW_MS), [now, done]];
    total.value = this.#all ? done / this.#all : 1;
    const [first, before] = this.#past[0];
    const rate = ((done - before) / Math.max(now - first, 1)) * 1000;
    const values = { done: size(done), all: size(this.#all) };
    const left = rate > 0 && now - first > 1000 ? duration((this.#all - done) / rate) : "";
    pace.textContent = left ? say("pace", { ...values, rate: size(rate), left }) : say("pace-start", values);
  }
}
