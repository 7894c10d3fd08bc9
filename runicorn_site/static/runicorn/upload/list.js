// The list of the chosen files: one row each, as many as a page can bear.
import { count, say, share, size } from "./texts.js";

const MOST_ROWS = 200;
const body = document.querySelector("#list");
const rows = new Map();
const stale = new Set();

// Show `items` anew; `onRemove(item)` is called where one is to go.
export function showList(items, onRemove) {
  rows.clear();
  const shown = items.slice(0, MOST_ROWS);
  body.replaceChildren(...shown.map((item) => makeRow(item, onRemove)));
  const bytes = items.reduce((sum, item) => sum + item.file.size, 0);
  const key = items.length === 1 ? "sum-one" : "sum";
  document.querySelector("#sum").textContent = say(key, { count: count(items.length), size: size(bytes) });
  const more = document.querySelector("#more");
  more.hidden = items.length <= MOST_ROWS;
  more.textContent = say("more", { count: count(items.length - shown.length) });
  document.querySelector("#chosen").hidden = items.length === 0;
}

// `item` has changed: its row follows with the next picture, however often that happens before.
export function follow(item) {
  if (stale.size === 0) requestAnimationFrame(catchUp);
  stale.add(item);
}

function catchUp() {
  for (const item of stale) if (rows.has(item)) showState(rows.get(item), item);
  stale.clear();
}

export function allowRemoval(isAllowed) {
  for (const button of body.querySelectorAll("button")) button.disabled = !isAllowed;
}

function makeRow(item, onRemove) {
  const row = document.createElement("tr");
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", className: "plain small", textContent: "×" });
  remove.setAttribute("aria-label", say("remove", { path: item.path }));
  remove.onclick = () => onRemove(item, row);
  row.append(cell(item.path), cell(size(item.file.size), "num"), cell("", "state"), cell(remove));
  const state = row.querySelector(".state");
  rows.set(item, state);
  showState(state, item);
  return row;
}

function cell(content, className = "") {
  const made = document.createElement("td");
  made.className = className;
  made.append(content);
  return made;
}

function showState(place, item) {
  const isMoving = item.state === "reading" || item.state === "sending";
  const text = say(item.state, { share: share(item.doneBytes, item.file.size) });
  place.className = `state ${item.state}`;
  place.replaceChildren(text, ...(isMoving ? [bar(item, text)] : []));
}

function bar(item, text) {
  const made = document.createElement("progress");
  Object.assign(made, { max: item.file.size || 1, value: item.doneBytes });
  made.setAttribute("aria-label", text);
  return made;
}
