// The page that uploads: what was chosen is read at once, what is missing is sent on "Upload".
import { WrongFields, check, follow as followForm, freeze } from "./about.js";
import { commit } from "./committing.js";
import { Hashers } from "./hashing.js";
import { allowRemoval, follow, showList } from "./list.js";
import { Meter } from "./meter.js";
import { button, explain, hide, link, show } from "./notices.js";
import { Gate, Login, patiently } from "./patience.js";
import { findPathTrouble, fromDrop, fromInput, isLeftOut, onlyFolder, place } from "./picking.js";
import { Stopped } from "./requests.js";
import { Sender } from "./sending.js";
import { count, say, size, some } from "./texts.js";

const page = document.querySelector("#upload");
const at = (id) => document.querySelector(`#${id}`);
const hashers = new Hashers(page.dataset.worker);
const meter = new Meter();
const login = new Login(page.dataset.page, askToLogIn);
let items = []; // {source, path, file, state, doneBytes, sha256, hashing}
let gate = null; // while an upload is at work

// Choosing -----------------------------------------------------------------------------------

function take(found, isHiddenWanted = false) {
  const hidden = isHiddenWanted ? [] : found.files.filter(({ source }) => isLeftOut(source));
  const left = new Set(hidden);
  const taken = found.files.filter((one) => !left.has(one));
  hide("choose");
  sayLeftOut(hidden, found.empty, taken.length);
  add(taken);
}

function sayLeftOut(hidden, empty, countTaken) {
  for (const key of ["hidden", "empty", "none"]) hide(key);
  if (hidden.length) {
    const values = { count: count(hidden.length), examples: some(hidden.map(({ source }) => source)) };
    const takeThem = () => !gate && take({ files: hidden, empty: [] }, true);
    show("hidden", "warning", say("hidden", values), button(say("take-hidden"), takeThem));
  }
  if (empty.length) {
    show("empty", "warning", say("empty-folders", { count: count(empty.length), examples: some(empty) }));
  }
  if (!hidden.length && !countTaken) show("none", "warning", say("no-files"));
}

function add(chosen) {
  const known = new Map(items.map((item) => [item.source, item]));
  const replaced = chosen.filter(({ source }) => known.has(source)).map(({ source }) => source);
  hide("replaced");
  if (replaced.length) show("replaced", "warning", say("replaced", { examples: some(replaced) }));
  for (const { source, file } of chosen) {
    known.get(source)?.hashing.drop();
    known.set(source, read({ source, file, state: "waiting", doneBytes: 0 }));
  }
  items = [...known.values()];
  showItems();
}

function read(item) {
  item.hashing = hashers.hash(item.file, item.source, (bytes) => mark(item, "reading", bytes));
  item.hashing.done = item.hashing.done.then(
    (sha256) => { item.sha256 = sha256; mark(item, "read", item.file.size); },
    (error) => { mark(item, "failed", 0); throw error; },
  );
  item.hashing.done.catch(() => {}); // said when it is to be sent
  return item;
}

function mark(item, state, doneBytes) {
  Object.assign(item, { state, doneBytes });
  follow(item);
}

function showItems() {
  place(items, at("keep-folder").checked);
  const top = onlyFolder(items);
  at("keep").hidden = !top;
  at("keep").lastElementChild.textContent = say("keep", { example: `${top}/…` });
  showList(items, remove);
}

function remove(item, row) {
  const next = row.nextElementSibling || row.previousElementSibling;
  const index = next ? [...row.parentElement.children].filter((one) => one !== row).indexOf(next) : -1;
  item.hashing.drop();
  items = items.filter((one) => one !== item);
  showItems();
  (at("list").rows[index]?.querySelector("button") || at("pick-files")).focus();
}

// Sending ------------------------------------------------------------------------------------

async function upload() {
  hide("end");
  const trouble = findTrouble();
  if (trouble) return fail(trouble);
  gate = new Gate();
  lock(true);
  try {
    await uploadThrough();
  } catch (error) {
    if (error instanceof Stopped) show("end", "warning", say("cancelled"));
    else fail(error instanceof WrongFields ? say("look-at-fields") : explain(error));
    for (const item of items) if (item.state !== "failed" && item.sha256) mark(item, "read", 0);
    lock(false);
    gate = null;
  }
}

function findTrouble() {
  if (!items.length) {
    at("pick-files").focus();
    return say("choose-first");
  }
  const most = Number(page.dataset.maxFiles);
  if (items.length > most) return say("too-many", { most: count(most), count: count(items.length) });
  const limit = Number(page.dataset.maxFileBytes) || Infinity;
  const large = items.filter(({ file }) => file.size > limit).map(({ path }) => path);
  if (large.length) return say("too-large", { most: size(limit), examples: some(large) });
  const wrong = findPathTrouble(items.map(({ path }) => path));
  return wrong && say(wrong.key, wrong.values);
}

function fail(text) {
  show("end", "error", text).scrollIntoView({ block: "nearest" });
}

async function uploadThrough() {
  const tools = { gate, login, onWait };
  meter.begin("phase-asking");
  const plan = await patiently(() => check(page.dataset.check, gate.signal), tools);
  freeze(true);
  await readAll(gate);
  const artifact = `${plan.fields.team}/${plan.fields.type}/${plan.name}`;
  const sender = new Sender({ artifact, numFiles: items.length, tools, onChange: follow });
  meter.begin("phase-asking");
  await sender.sendMissing(items, beginSending);
  meter.begin("phase-committing");
  for (const id of ["pause", "cancel"]) at(id).hidden = true;
  const number = await commit({ plan, items, tools, sendAgain: (sha256s) => sendAgain(sender, sha256s) });
  gate = null; // the work is done: nobody needs to be warned
  location.assign(`${plan.url}/v${number}`);
}

async function readAll(gate) {
  const all = items.reduce((sum, item) => sum + item.file.size, 0);
  meter.begin("phase-reading", all, () => items.reduce((sum, item) => sum + item.doneBytes, 0));
  for (const item of items) if (item.state === "failed") read(item);
  await gate.unlessCancelled(Promise.all(items.map((item) => item.hashing.done)));
}

function beginSending(bytes) {
  const moving = items.filter(({ state }) => state !== "there");
  const seen = new Set(); // of contents that are there twice one is sent
  const sent = moving.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256));
  for (const item of moving) mark(item, "waiting", 0);
  const spared = items.filter(({ state }) => state === "there").reduce((sum, { file }) => sum + file.size, 0);
  if (spared) show("spared", "success", say("spared", { size: size(spared) }));
  meter.begin("phase-sending", bytes, () => sent.reduce((sum, item) => sum + item.doneBytes, 0));
}

async function sendAgain(sender, sha256s) {
  const wanted = new Set(sha256s);
  const same = Map.groupBy(items.filter(({ sha256 }) => wanted.has(sha256)), ({ sha256 }) => sha256);
  await sender.send([...same.values()], () => {});
}

function onWait(seconds) {
  if (seconds) meter.say("phase-retry", { seconds });
  else meter.goOn();
}

function askToLogIn() {
  return new Promise((resolve) => {
    const goOn = button(say("go-on"), () => { hide("login"); resolve(); });
    show("login", "error", say("logged-out"), link(say("log-in"), page.dataset.login, true), goOn);
  });
}

// The frame ----------------------------------------------------------------------------------

function lock(isAtWork) {
  for (const id of ["start", "keep-folder", "pick-files", "pick-folder", "clear"]) at(id).disabled = isAtWork;
  for (const id of ["pause", "cancel"]) at(id).hidden = !isAtWork;
  at("go-on").hidden = true;
  allowRemoval(!isAtWork);
  for (const one of document.querySelectorAll("#said [data-key=hidden] button")) one.disabled = isAtWork;
  keepFocus(isAtWork ? "pause" : "start");
  if (!isAtWork) {
    freeze(false);
    meter.end();
    for (const key of ["login", "spared"]) hide(key);
  }
}

// What had it may be disabled or hidden now; a field that has it has a reason.
function keepFocus(id) {
  const { activeElement } = document;
  if (activeElement === document.body || activeElement.matches("[hidden], button")) at(id).focus();
}

function swap(shown, hidden) {
  at(shown).hidden = false;
  at(hidden).hidden = true;
  at(shown).focus();
}

at("pause").onclick = () => { gate.pause(); swap("go-on", "pause"); meter.pause(true); };
at("go-on").onclick = () => { gate.resume(); swap("pause", "go-on"); meter.pause(false); };
at("cancel").onclick = () => gate.cancel();
at("clear").onclick = () => { for (const item of items) item.hashing.drop(); items = []; showItems(); at("pick-files").focus(); };
at("keep-folder").onchange = showItems;
at("about").onsubmit = (event) => { event.preventDefault(); if (!gate) upload(); };
for (const [pick, input] of [["pick-files", "files"], ["pick-folder", "folder"]]) {
  at(pick).onclick = () => at(input).click();
  at(input).onchange = () => { take(fromInput(at(input).files)); at(input).value = ""; };
}
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(name, (event) => { // wherever it falls: else the browser would open the file
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const isOver = name === "dragenter" || name === "dragover";
    at("drop").classList.toggle("over", isOver && !gate);
    if (name === "drop" && !gate) fromDrop(event.dataTransfer).then((found) => take(found));
  });
}
addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
addEventListener("beforeunload", (event) => { if (gate) event.preventDefault(); });
page.hidden = false;
followForm();
