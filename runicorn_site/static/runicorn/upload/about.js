// The form: what the files are. Errors stand at their fields; the URL keeps what leads back here.
import { askJson, request } from "./requests.js";
import { say } from "./texts.js";

const form = document.querySelector("#about");
const IN_URL = ["type", "name", "team"];
const LOOK_UP_MS = 200;
let timer = 0;

// Fields are not as they must be; each says so itself.
export class WrongFields extends Error {}

// What the portal says to the form: the plan of a commit. Rejects with WrongFields or Refused.
export async function check(url, signal) {
  showErrors({});
  try {
    return (await request("POST", url, { body: new FormData(form), signal })).body;
  } catch (error) {
    if (!error.body?.errors) throw error;
    showErrors(error.body.errors);
    throw new WrongFields();
  }
}

function showErrors(errors) {
  for (const place of form.querySelectorAll("[data-error-of]")) {
    const name = place.dataset.errorOf;
    place.textContent = (errors[name] || []).join(" ");
    form.elements[name].toggleAttribute("aria-invalid", name in errors);
    if (name in errors) form.elements[name].setAttribute("aria-invalid", "true");
  }
  form.querySelector("[aria-invalid]")?.focus();
}

export function freeze(isFrozen) {
  for (const field of form.querySelectorAll(".field :is(input, select, textarea)")) {
    field.disabled = isFrozen;
  }
}

form.addEventListener("input", ({ target }) => {
  if (!IN_URL.includes(target.name)) return;
  clearTimeout(timer);
  timer = setTimeout(follow, LOOK_UP_MS);
});

export async function follow() {
  keepInUrl();
  const [type, name, team] = IN_URL.map((field) => form.elements[field].value.trim());
  if (!name) return showKnown([], name);
  const query = new URLSearchParams({ type, team, q: name, limit: 10 });
  const found = await askJson("GET", `/api/artifacts?${query}`).catch(() => null);
  const isLate = name !== form.elements.name.value.trim();
  if (found && !isLate) showKnown(found.body, name);
}

function keepInUrl() {
  const url = new URL(location.href);
  for (const field of IN_URL) {
    const value = form.elements[field].value.trim();
    if (value) url.searchParams.set(field, value);
    else url.searchParams.delete(field);
  }
  history.replaceState(history.state, "", url);
}

function showKnown(artifacts, name) {
  const options = artifacts.map((one) => new Option("", one.name));
  document.querySelector("#names").replaceChildren(...options);
  const same = artifacts.find((one) => one.name === name.normalize("NFC"));
  const said = same ? say("next", { number: same.latest_version }) : say("new");
  document.querySelector("#next").textContent = name ? said : "";
}
