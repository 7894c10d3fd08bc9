// Moving about in the graph of a lineage: drag, pinch, Ctrl and the wheel, keys, buttons.
// Without this script the picture has its natural size and scrolls.
"use strict";

const STEP = 1.25;
const SMALLEST = 0.15;
const READABLE = 0.65; // what is smaller shows the shape of the graph and no names
const LARGEST = 3;
const LOWEST = 340; // pixels of height that the frame has at least
const FAR = 5; // pixels from which on a press is a drag and no click

// The middle of a view of ``shown`` on a picture of ``whole``: near ``wanted``, with nothing empty
// beside the picture where that can be.
function within(wanted, shown, whole) {
  return shown >= whole ? whole / 2 : Math.min(Math.max(wanted, shown / 2), whole - shown / 2);
}

class GraphView {
  constructor(frame) {
    this.frame = frame;
    this.svg = frame.querySelector("svg");
    this.full = { width: this.svg.width.baseVal.value, height: this.svg.height.baseVal.value };
    this.pointers = new Map();
    this.travelled = 0;
    frame.classList.add("live");
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", this.svg.getAttribute("aria-label"));
    const scale = Math.max(Math.min(1, frame.clientWidth / this.full.width), READABLE);
    const room = Math.max(0.65 * window.innerHeight, LOWEST);
    const border = frame.offsetHeight - frame.clientHeight;
    frame.style.height = `${Math.min(Math.max(this.full.height * scale + border, LOWEST), room)}px`;
    for (const hint of frame.parentElement.querySelectorAll(".lineage-zoom, .lineage-hint")) hint.hidden = false;
    this.fit(READABLE);
    this.listen();
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.press(event));
    this.svg.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, (event) => this.release(event));
    this.svg.addEventListener("dragstart", (event) => event.preventDefault());
    this.svg.addEventListener("click", (event) => { if (this.travelled > FAR) event.preventDefault(); }, true);
    this.frame.addEventListener("wheel", (event) => this.turn(event), { passive: false });
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("focusin", (event) => this.reveal(event.target));
    this.frame.addEventListener("click", (event) => {
      const button = event.target.closest("[data-zoom]");
      if (button) this.act(button.dataset.zoom);
    });
    new ResizeObserver(() => this.show()).observe(this.frame);
  }

  get size() {
    return { width: this.frame.clientWidth, height: this.frame.clientHeight };
  }

  // All of it, at ``least`` so large; where that is too large for the frame, the root in the middle.
  fit(least = SMALLEST) {
    const { width, height } = this.size;
    const whole = Math.min(1, width / this.full.width, height / this.full.height);
    this.scale = Math.max(whole, least);
    this.centre = { x: this.full.width / 2, y: this.full.height / 2 };
    const root = this.svg.querySelector(".node.root");
    if (whole < this.scale && root) this.centre = this.middleOf(root);
    this.centre.x = within(this.centre.x, width / this.scale, this.full.width);
    this.centre.y = within(this.centre.y, height / this.scale, this.full.height);
    this.show();
  }

  middleOf(node) {
    const place = node.transform.baseVal.consolidate().matrix;
    const box = node.querySelector(".box").getBBox();
    return { x: place.e + box.width / 2, y: place.f + box.height / 2 };
  }

  show() {
    const { width, height } = this.size;
    const [wide, high] = [width / this.scale, height / this.scale];
    // Half of the view at least stays on the picture.
    this.centre.x = Math.min(Math.max(this.centre.x, 0), this.full.width);
    this.centre.y = Math.min(Math.max(this.centre.y, 0), this.full.height);
    const box = [this.centre.x - wide / 2, this.centre.y - high / 2, wide, high];
    this.svg.setAttribute("viewBox", box.map((number) => number.toFixed(2)).join(" "));
  }

  // Larger by ``factor``; the point under (x, y) of the screen stays there.
  zoom(factor, x, y) {
    const scale = Math.min(Math.max(this.scale * factor, SMALLEST), LARGEST);
    const box = this.frame.getBoundingClientRect();
    const away = { x: (x ?? box.left + box.width / 2) - box.left - box.width / 2, y: (y ?? box.top + box.height / 2) - box.top - box.height / 2 };
    this.centre.x += away.x / this.scale - away.x / scale;
    this.centre.y += away.y / this.scale - away.y / scale;
    this.scale = scale;
    this.show();
  }

  pan(x, y) {
    this.centre.x -= x / this.scale;
    this.centre.y -= y / this.scale;
    this.show();
  }

  press(event) {
    if (event.button !== 0) return;
    if (!this.pointers.size) this.travelled = 0;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    this.travelled += Math.hypot(now.x - before.x, now.y - before.y);
    // Captured only once it is a drag: a click on a link must reach the link.
    if (this.travelled > FAR && !this.svg.hasPointerCapture(event.pointerId)) {
      this.svg.setPointerCapture(event.pointerId);
      this.frame.classList.add("moving");
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId);
    this.pointers.set(event.pointerId, now);
    if (other) this.pinch(before, now, other[1]);
    else this.pan(now.x - before.x, now.y - before.y);
  }

  pinch(before, now, still) {
    const was = Math.hypot(before.x - still.x, before.y - still.y);
    const is = Math.hypot(now.x - still.x, now.y - still.y);
    if (was > 0) this.zoom(is / was, (now.x + still.x) / 2, (now.y + still.y) / 2);
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  release(event) {
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.frame.classList.remove("moving");
  }

  turn(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the wheel alone scrolls the page
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      "+": "in", "=": "in", "-": "out", "0": "fit",
      ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60],
    };
    const asked = keys[event.key];
    if (!asked) return;
    event.preventDefault();
    if (Array.isArray(asked)) this.pan(...asked);
    else this.act(asked);
  }

  act(what) {
    if (what === "fit") this.fit();
    else this.zoom(what === "in" ? STEP : 1 / STEP);
  }

  // A node that the keyboard reaches comes into sight.
  reveal(target) {
    const node = target.closest(".node");
    if (!node) return;
    this.frame.scrollTo(0, 0); // the browser's own try would shift the picture in its frame
    const { x, y } = this.middleOf(node);
    const { width, height } = this.size;
    const isSeen = Math.abs(x - this.centre.x) * this.scale < width / 2 - 40 && Math.abs(y - this.centre.y) * this.scale < height / 2 - 20;
    if (!isSeen && this.pointers.size === 0) {
      this.centre = { x, y };
      this.show();
    }
  }
}

function setUp(within) {
  for (const frame of within.querySelectorAll("[data-panzoom]:not(.live)")) new GraphView(frame);
}

document.addEventListener("htmx:load", (event) => setUp(event.target));
setUp(document);
