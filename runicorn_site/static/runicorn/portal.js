// What every page does by itself: "/" goes to the search, buttons copy, menus close.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") closeMenus(null);
});

// An open menu closes when something else is clicked.
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    }
  }
}

// <button data-copy="text">, or data-copy-from="#element"; data-copied is what it then says.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom;
  const text = source ? document.querySelector(source).textContent : button.dataset.copy;
  await copyText(text);
  showCopied(button);
});

// A second click finds the button saying "copied" yet: its label is kept but once.
const copyLabels = new Map();

function showCopied(button) {
  const { label, timer } = copyLabels.get(button) || { label: button.textContent };
  clearTimeout(timer);
  button.textContent = button.dataset.copied || "✓";
  copyLabels.set(button, { label, timer: setTimeout(() => {
    button.textContent = label;
    copyLabels.delete(button);
  }, 1200) });
}

// Plain HTTP on a network has no clipboard API, and a browser may refuse it: there an old way works.
async function copyText(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch {
    copyAsOfOld(text);
  }
}

function copyAsOfOld(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// <table data-ticks="#bar">: ticking rows shows what can be done with so many.
// In the bar: data-count holds the number, data-needs="2" or "1+" says when a button works.
document.addEventListener("change", (event) => {
  const table = event.target.closest("[data-ticks]");
  if (table) showTicks(table, event.target);
});

// Without a script the bar is always there; with one it shows what is ticked, also on the way back.
function showAllTicks() {
  for (const table of document.querySelectorAll("[data-ticks]")) showTicks(table, null);
}
showAllTicks();
addEventListener("pageshow", showAllTicks);
document.addEventListener("htmx:afterSettle", showAllTicks);

function showTicks(table, box) {
  const boxes = [...table.querySelectorAll("tbody input[type=checkbox]")];
  if (box && box.matches("[data-tick-all]")) for (const one of boxes) one.checked = box.checked;
  const count = boxes.filter((one) => one.checked).length;
  const bar = document.querySelector(table.dataset.ticks);
  bar.hidden = count === 0;
  for (const place of bar.querySelectorAll("[data-count]")) place.textContent = count;
  for (const button of bar.querySelectorAll("[data-needs]")) {
    const needs = button.dataset.needs;
    button.disabled = needs.endsWith("+") ? count < parseInt(needs, 10) : count !== Number(needs);
  }
}

// A search is asked while one types. Asked once more when one leaves the field, the list would be
// swapped under the hand that ticks its first row.
document.addEventListener("change", (event) => {
  if (event.target.matches("form[hx-get] input[type=search]")) event.stopPropagation();
}, true);

// <form data-sparse>: fields that are empty stay out of the URL, by htmx or without it.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-sparse]")) return;
  for (const name of new Set(event.formData.keys())) {
    const values = event.formData.getAll(name).filter((value) => value !== "");
    event.formData.delete(name);
    for (const value of values) event.formData.append(name, value);
  }
});

// What htmx was refused is said where the page says things, not swallowed.
document.addEventListener("htmx:responseError", (event) => {
  const notice = document.createElement("div");
  notice.className = "notice error";
  notice.id = "refusal";
  notice.setAttribute("role", "alert");
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const said = answer.querySelector("[data-detail]");
  if (said) notice.replaceChildren(...said.childNodes);
  else notice.textContent = event.detail.xhr.statusText;
  document.querySelector("#refusal")?.remove();
  document.querySelector("#main").prepend(notice);
});

// <form data-unsaved>: who leaves the page with something typed there is asked first; with "yes" what
// came back from the server is not saved either. Saving is no leaving, nor is <a data-discard>.
addEventListener("beforeunload", (event) => {
  if ([...document.querySelectorAll("form[data-unsaved]")].some(isUnsaved)) event.preventDefault();
});

function isUnsaved(form) {
  if (form.dataset.unsaved === "no") return false;
  const fields = [...form.querySelectorAll("textarea, input:not([type=hidden])")];
  return form.dataset.unsaved === "yes" || fields.some((field) => field.value !== field.defaultValue);
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-unsaved]") && !event.defaultPrevented) event.target.dataset.unsaved = "no";
});
document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-discard]")?.closest("form");
  if (form) form.dataset.unsaved = "no";
});
