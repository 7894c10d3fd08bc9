// Swagger UI is dark by a class: as the reader has chosen in the portal, else as the system is.
"use strict";

const chosen = document.documentElement.dataset.theme;
const system = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
}

system.addEventListener("change", paint);
paint();
