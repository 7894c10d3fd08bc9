// What the page says, in the language of its reader: the texts stand in the page, in #texts.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const SHOWN = 3;

function find(key) {
  return document.querySelector(`#texts [data-text="${CSS.escape(key)}"]`);
}

// Whether the page has a text for `key`.
export function has(key) {
  return find(key) !== null;
}

export function say(key, values = {}) {
  const text = find(key).textContent;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// As the filter `size` of the templates writes it.
export function size(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

// As the filter `count`.
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function share(part, whole) {
  return `${Math.floor((whole ? part / whole : 1) * 100)} %`;
}

// 75 seconds as 1:15.
export function duration(seconds) {
  const whole = Math.ceil(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

// The first few, and that there are more.
export function some(paths) {
  return paths.slice(0, SHOWN).join(", ") + (paths.length > SHOWN ? ", …" : "");
}
