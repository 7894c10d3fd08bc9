// The list of artifacts: its filters are folded where there is no room for them.
"use strict";

const narrow = matchMedia("(max-width: 48rem)");

function fold() {
  for (const details of document.querySelectorAll("details[data-fold]")) details.open = !narrow.matches;
}

fold();
narrow.addEventListener("change", fold);
