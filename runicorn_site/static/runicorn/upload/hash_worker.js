// Hashes files, one after the other, apart from the page: {id, file} in; {id, read}, {id, sha256}
// or {id, failed} out. A large file is read in pieces, so its size does not matter: two pieces are
// in memory, the one that is hashed and the next. One that is not large the browser itself hashes,
// several times as fast; it can do so only with a whole, and not over plain HTTP.
import { sha256 } from "../../vendor/noble-hashes/sha2.js";

const PIECE_BYTES = 4 << 20;
const WHOLE_BYTES = 16 << 20;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const dropped = new Set();
let last = Promise.resolve();

self.onmessage = ({ data }) => {
  if (data.drop) dropped.add(data.drop);
  else last = last.then(() => answer(data));
};

async function answer({ id, file }) {
  try {
    const digest = await hash(file, (read) => self.postMessage({ id, read }), () => dropped.has(id));
    self.postMessage({ id, sha256: digest });
  } catch (error) {
    self.postMessage({ id, failed: error.name });
  }
  dropped.delete(id);
}

async function hash(file, ...rest) {
  const isWhole = file.size <= WHOLE_BYTES && self.crypto.subtle;
  const digest = await (isWhole ? hashWhole(file) : hashPieces(file, ...rest));
  return Array.from(digest, (byte) => HEX[byte]).join("");
}

async function hashWhole(file) {
  return new Uint8Array(await self.crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

async function hashPieces(file, onRead, isDropped) {
  const hasher = sha256.create();
  let next = piece(file, 0);
  for (let start = 0; start < file.size && !isDropped(); start += PIECE_BYTES) {
    const bytes = new Uint8Array(await next);
    next = piece(file, start + PIECE_BYTES);
    hasher.update(bytes);
    onRead(start + bytes.length);
  }
  await next;
  return hasher.digest();
}

function piece(file, start) {
  const reading = file.slice(start, start + PIECE_BYTES).arrayBuffer();
  reading.catch(() => {}); // whoever awaits it learns of it; nobody may, where it is dropped
  return reading;
}
