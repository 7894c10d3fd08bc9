// Files of a comparison: what changed in one is loaded where it is opened. A link that works by
// itself stands in its place until then: <a data-load>, or with "outerHTML" for the rest of a table.
"use strict";

function load(link) {
  if (link.dataset.asked) return;
  link.dataset.asked = "yes";
  const swap = link.dataset.load || "innerHTML";
  htmx.ajax("GET", link.href, { source: link, target: link.parentElement, swap });
}

// "toggle" does not bubble.
document.addEventListener("toggle", (event) => {
  const link = event.target.open && event.target.querySelector(":scope > .opened > a[data-load]");
  if (link) load(link);
}, true);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-load]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  load(link);
});

// What was refused may be asked for again.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful && event.target.dataset) delete event.target.dataset.asked;
});

// What is open from the beginning may have sent its event before this script was there.
function loadOpened() {
  for (const link of document.querySelectorAll(".changes details[open] > .opened > a[data-load]")) load(link);
}

loadOpened();
document.addEventListener("htmx:afterSwap", loadOpened);
document.addEventListener("htmx:historyRestore", loadOpened);
