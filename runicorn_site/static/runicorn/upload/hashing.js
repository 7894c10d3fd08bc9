// Has files hashed by a few workers, so that the page stays quick.

export class Unreadable extends Error {
  constructor(path) {
    super(path);
    this.path = path;
  }
}

export class Hashers {
  #workers;
  #waiting = new Map();
  #count = 0;

  constructor(url) {
    const cores = navigator.hardwareConcurrency || 2;
    this.#workers = Array.from({ length: Math.min(Math.max(cores - 1, 1), 4) }, () => this.#begin(url));
  }

  #begin(url) {
    const worker = new Worker(url, { type: "module" });
    worker.load = 0;
    worker.onmessage = ({ data }) => this.#take(worker, data);
    return worker;
  }

  // The 64 hex digits of a file, later; `onRead` is told how many bytes were read.
  // Rejects with Unreadable. `drop()` of the returned forgets it.
  hash(file, path, onRead) {
    const id = ++this.#count;
    const worker = this.#workers.reduce((least, one) => (one.load < least.load ? one : least));
    worker.load += file.size + 1;
    const done = new Promise((resolve, reject) => {
      this.#waiting.set(id, { size: file.size, path, onRead, resolve, reject });
    });
    worker.postMessage({ id, file });
    const drop = () => this.#waiting.has(id) && worker.postMessage({ drop: id });
    return { done, drop };
  }

  #take(worker, { id, read, sha256, failed }) {
    const one = this.#waiting.get(id);
    if (read !== undefined) return one.onRead(read);
    this.#waiting.delete(id);
    worker.load -= one.size + 1;
    if (failed) one.reject(new Unreadable(one.path));
    else one.resolve(sha256);
  }
}
