// What the page says above the list of files: refusals, and what was left out.
import { Changed } from "./sending.js";
import { Unreadable } from "./hashing.js";
import { has, say, size } from "./texts.js";

const place = document.querySelector("#said");

// Show `text`; `kind` is error, warning or success. `actions`: elements beside it. A later notice of
// the same `key` takes its place.
export function show(key, kind, text, ...actions) {
  hide(key);
  const notice = document.createElement("p");
  notice.className = `notice ${kind}`;
  notice.dataset.key = key;
  notice.setAttribute("role", kind === "error" ? "alert" : "status");
  notice.append(text, ...actions);
  place.append(notice);
  return notice;
}

export function hide(key) {
  place.querySelector(`[data-key="${key}"]`)?.remove();
}

export function button(text, onClick) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "small", textContent: text, onclick: onClick });
  return made;
}

export function link(text, href, isElsewhere) {
  const made = document.createElement("a");
  Object.assign(made, { textContent: text, href });
  if (isElsewhere) Object.assign(made, { target: "_blank", rel: "noopener" });
  return made;
}

// Why an upload ended, for people.
export function explain(error) {
  if (error instanceof Changed) return say("changed", { path: error.path });
  if (error instanceof Unreadable) return say("unreadable", { path: error.path });
  if (error.code === "quota_exceeded") return say("quota", quotaOf(error));
  if (error.code === "storage_full") return say("full");
  const [code, why] = [`code-${error.code}`, error.message];
  return has(code) ? say("refused-as", { what: say(code), why }) : say("refused", { why });
}

function quotaOf({ body }) {
  const team = document.querySelector("#id_team").value;
  const used = size(body.used_bytes + body.pending_bytes);
  return { team, used, quota: size(body.quota_bytes), asked: size(body.asked_bytes) };
}
