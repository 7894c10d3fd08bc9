// Sends contents: asks which the portal lacks, then those, a few at a time. Small ones share a
// request; others go in parts, so that a break costs no more than the part it was in.
import { Unreadable } from "./hashing.js";
import { patiently } from "./patience.js";
import { Interrupted, askJson, request } from "./requests.js";

const AT_ONCE = 3;
const SMALL_BYTES = 1 << 20;
const BUNDLE_BYTES = 8 << 20;
const BUNDLE_RECORDS = 500;
const PART_BYTES = 16 << 20;
const CUT_FROM_BYTES = 8 << 20; // from here on nobody knows before what it will take on the disk
const DIGESTS_PER_QUESTION = 20_000;
const BYTES = { "Content-Type": "application/octet-stream" };

// The file is not what was hashed.
export class Changed extends Unreadable {}

export class Sender {
  #artifact;
  #numFiles;
  #tools;
  #onChange;

  // `artifact`: [TEAM/]TYPE/NAME that it is for; `tools`: those of patiently().
  constructor({ artifact, numFiles, tools, onChange }) {
    this.#artifact = artifact;
    this.#numFiles = numFiles;
    this.#tools = tools;
    this.#onChange = onChange;
  }

  get #gate() {
    return this.#tools.gate;
  }

  // Send what lacks of the contents of `items`, which are hashed. `onPlan(bytes)` is told how much
  // that is. When this resolves every one was stored.
  async sendMissing(items, onPlan) {
    const byDigest = Map.groupBy(items, (item) => item.sha256);
    const missing = await this.#askMissing([...byDigest.keys()], byDigest);
    const wanted = new Set(missing);
    for (const [sha256, same] of byDigest) {
      if (!wanted.has(sha256)) for (const item of same) this.#mark(item, "there", item.file.size);
    }
    await this.send([...wanted].map((sha256) => byDigest.get(sha256)), onPlan);
  }

  // Send contents, each given as the items that have it.
  async send(contents, onPlan) {
    onPlan(contents.reduce((sum, [item]) => sum + item.file.size, 0));
    const small = contents.filter(([item]) => item.file.size < SMALL_BYTES);
    const large = contents.filter(([item]) => item.file.size >= SMALL_BYTES);
    const jobs = [
      ...bundle(small).map((some) => () => this.#sendBundle(some)),
      ...large.map((same) => () => this.#sendAlone(same)),
    ];
    await runSome(jobs, AT_ONCE, this.#gate);
  }

  async #askMissing(sha256s, byDigest) {
    const missing = [];
    const smallBytes = (digests) => digests
      .map((sha256) => byDigest.get(sha256)[0].file.size)
      .reduce((sum, size) => sum + (size < CUT_FROM_BYTES ? size : 0), 0);
    for (let start = 0; start < sha256s.length; start += DIGESTS_PER_QUESTION) {
      const asked = sha256s.slice(start, start + DIGESTS_PER_QUESTION);
      const { body } = await this.#patiently(() => askJson("POST", "/api/blobs/missing", {
        digests: asked.map((sha256) => `sha256:${sha256}`),
        artifact: this.#artifact,
        num_files: this.#numFiles,
        size_bytes: smallBytes([...missing, ...asked]),
      }, { signal: this.#gate.signal }));
      missing.push(...body.missing.map((digest) => digest.slice("sha256:".length)));
    }
    return missing;
  }

  async #sendBundle(contents) {
    try {
      await this.#patiently(() => this.#postBundle(contents));
    } catch (error) {
      if (error.status !== 422) throw error;
      for (const same of contents) await this.#sendAlone(same); // one of them is not what it was
      return;
    }
    for (const same of contents) this.#markAll(same, "sent");
  }

  async #postBundle(contents) {
    const body = new Blob(contents.flatMap(([item]) => [recordHead(item), item.file]));
    const onSent = (bytes) => this.#spread(contents, bytes);
    await this.#carry("POST", "/api/blobs", contents, { body, onSent });
  }

  #spread(contents, bytes) {
    let left = bytes;
    for (const [item] of contents) {
      this.#mark(item, "sending", Math.max(0, Math.min(left - 40, item.file.size)));
      left -= 40 + item.file.size;
    }
  }

  // In parts. What came of a damaged upload the portal drops: then it is sent once more.
  async #sendAlone(same) {
    const [item] = same;
    for (let isLast = false; ; isLast = true) {
      try {
        await this.#patiently((progressed) => this.#sendParts(item, progressed));
        return this.#markAll(same, "sent");
      } catch (error) {
        if (error.code !== "digest_mismatch") throw error;
        if (isLast) throw new Changed(item.path);
      }
    }
  }

  async #sendParts(item, progressed) {
    const total = item.file.size;
    let answer = await this.#put(item, `bytes */${total}`);
    while (answer.status === 202) {
      const start = answer.body.received;
      const end = Math.min(start + PART_BYTES, total);
      this.#mark(item, "sending", start);
      answer = await this.#put(item, `bytes ${start}-${end - 1}/${total}`, {
        body: item.file.slice(start, end),
        onSent: (bytes) => this.#mark(item, "sending", start + bytes),
      });
      progressed();
    }
  }

  async #put(item, range, options = {}) {
    const url = `/api/blobs/sha256:${item.sha256}`;
    try {
      return await this.#carry("PUT", url, [[item]], { ...options, range });
    } catch (error) {
      if (error.code === "size_mismatch" && error.body.received !== undefined) throw new Interrupted();
      throw error;
    }
  }

  // A request with bytes of these contents. A file that cannot be read looks like a broken network.
  async #carry(method, url, contents, { body, onSent, range }) {
    const headers = { ...BYTES, "Runicorn-Artifact": encodeURIComponent(this.#artifact) };
    if (range) headers["Content-Range"] = range;
    try {
      return await request(method, url, { body, headers, onSent, signal: this.#gate.signal });
    } catch (error) {
      if (error instanceof Interrupted) for (const [item] of contents) await requireReadable(item);
      throw error;
    }
  }

  #patiently(work) {
    return patiently(work, this.#tools);
  }

  #markAll(same, state) {
    for (const item of same) this.#mark(item, state, item.file.size);
  }

  #mark(item, state, doneBytes) {
    Object.assign(item, { state, doneBytes });
    this.#onChange(item);
  }
}

async function requireReadable(item) {
  try {
    await item.file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Unreadable(item.path);
  }
}

// 32 bytes of digest, 8 of length, big-endian.
function recordHead(item) {
  const head = new Uint8Array(40);
  for (let at = 0; at < 32; at += 1) head[at] = parseInt(item.sha256.slice(2 * at, 2 * at + 2), 16);
  new DataView(head.buffer).setBigUint64(32, BigInt(item.file.size));
  return head;
}

function bundle(contents) {
  const bundles = [];
  let bytes = Infinity;
  for (const same of contents) {
    const size = same[0].file.size;
    if (bytes + size > BUNDLE_BYTES || bundles.at(-1).length === BUNDLE_RECORDS) {
      bundles.push([]);
      bytes = 0;
    }
    bundles.at(-1).push(same);
    bytes += size;
  }
  return bundles;
}

// Run `jobs`, `limit` at a time; the first failure ends the others too, and is thrown.
async function runSome(jobs, limit, gate) {
  const queue = jobs.values();
  let failure = null;
  const work = async () => {
    for (const job of queue) {
      if (failure) return;
      await job().catch((error) => {
        failure ??= error;
        gate.cancel();
      });
    }
  };
  await Promise.all(Array.from({ length: limit }, work));
  if (failure) throw failure;
}
