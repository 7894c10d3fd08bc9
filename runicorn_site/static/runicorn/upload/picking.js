// From what somebody chose or dropped to files with a path, and what was left out of it.

const MADE_BY_SYSTEMS = new Set(["thumbs.db", "desktop.ini", "__macosx", "icon\r"]);
const MAX_PATH_BYTES = 1024;

// {files: [{source, file}], empty: [path of an empty folder]}; source: with the folder it lay in.
export function fromInput(list) {
  const files = Array.from(list, (file) => ({ source: file.webkitRelativePath || file.name, file }));
  return { files, empty: [] };
}

// Must be called while the event is handled: afterwards the browser has forgotten what was dropped.
export async function fromDrop(transfer) {
  const dropped = Array.from(transfer.items)
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found = { files: [], empty: [] };
  for (const { entry, file } of dropped) {
    if (entry) await walk(entry, found);
    else if (file) found.files.push({ source: file.name, file });
  }
  return found;
}

async function walk(entry, found) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.files.push({ source: path, file });
    return;
  }
  const inside = await entriesOf(entry.createReader());
  if (inside.length === 0) found.empty.push(path);
  for (const one of inside) await walk(one, found);
}

async function entriesOf(reader) {
  const all = [];
  for (;;) { // a reader gives about a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

// Whether nobody means to upload it: hidden, or made by an operating system. The folder itself that
// was chosen may be called as it likes.
export function isLeftOut(source) {
  const parts = source.split("/");
  const below = parts.length > 1 ? parts.slice(1) : parts;
  return below.some((part) => part.startsWith(".") || MADE_BY_SYSTEMS.has(part.toLowerCase()));
}

// The folder that all of it lies in, or "".
export function onlyFolder(items) {
  const tops = new Set(items.map(({ source }) => source.slice(0, source.indexOf("/") + 1)));
  return tops.size === 1 ? tops.values().next().value.slice(0, -1) : "";
}

// Give each its path: the content of a single folder goes to the top, as with `artifacts put`.
export function place(items, keepsFolder) {
  const top = onlyFolder(items);
  const cut = top && !keepsFolder ? top.length + 1 : 0;
  for (const item of items) item.path = item.source.slice(cut);
}

// What is wrong with the paths: {key, values} of a text to show; null: nothing.
export function findPathTrouble(paths) {
  const seen = new Set();
  for (const path of paths) {
    if (!isPath(path)) return { key: "bad-path", values: { path } };
    if (seen.has(path)) return { key: "twice", values: { path } };
    seen.add(path);
  }
  for (const path of paths) {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
      const folder = path.slice(0, end);
      if (seen.has(folder)) return { key: "in-file", values: { path, folder } };
    }
  }
  return null;
}

function isPath(path) {
  const isShort = new TextEncoder().encode(path).length <= MAX_PATH_BYTES;
  return isShort && !/[\\\0]/.test(path) && path.isWellFormed?.() !== false;
}
