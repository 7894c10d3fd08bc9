// One request to the portal, and what can become of it.

// The portal said no, and will say so again.
export class Refused extends Error {
  constructor(status, body) {
    super(body.detail || `HTTP ${status}`);
    Object.assign(this, { status, body, code: body.code || "" });
  }
}

// The network broke, or the portal is busy: it will pass.
export class Interrupted extends Error {
  constructor(retryAfterSeconds = 0) {
    super("interrupted");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

// The session is over, or its token is not good any more.
export class LoggedOut extends Refused {}

// Somebody paused or cancelled.
export class Stopped extends Error {}

const PASSING = new Set([408, 429, 502, 503, 504]);
const STALLED_MS = 60_000;
const UNWATCHED = { moved() {}, end() {} }; // without a body there is nothing to wait for but the portal

let token = tokenOf(document);

function tokenOf(page) {
  return JSON.parse(page.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

// Get a new token from the page at `url`; false: who is here now may not upload, or is nobody.
export async function renewToken(url) {
  const answer = await fetch(url, { redirect: "manual" }).catch(() => { throw new Interrupted(); });
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("#upload")) return false;
  token = tokenOf(page);
  return true;
}

export function askJson(method, url, data, options = {}) {
  const body = typeof data === "string" ? data : JSON.stringify(data);
  const headers = { "Content-Type": "application/json", ...options.headers };
  return request(method, url, { ...options, body, headers });
}

// {status, body}: the answer, its JSON read. Rejects with one of the classes above.
// `onSent(bytes)` is told how much of the body is on its way.
export function request(method, url, { body, headers = {}, signal, onSent } = {}) {
  return new Promise((resolve, reject) => {
    const http = new XMLHttpRequest(); // fetch does not say how much it has sent
    http.open(method, url);
    http.setRequestHeader("Accept", "application/json");
    http.setRequestHeader("X-CSRFToken", token);
    for (const [name, value] of Object.entries(headers)) http.setRequestHeader(name, value);
    const watch = body ? watchStall(http, () => reject(new Interrupted())) : UNWATCHED;
    http.upload.onprogress = ({ loaded }) => { watch.moved(); onSent?.(loaded); };
    http.upload.onload = watch.end;
    http.onload = () => settle(http, resolve, reject);
    http.onerror = () => reject(new Interrupted());
    http.onabort = () => reject(new Stopped());
    http.onloadend = () => { watch.end(); signal?.removeEventListener("abort", stop); };
    const stop = () => http.abort();
    if (signal?.aborted) return reject(new Stopped());
    signal?.addEventListener("abort", stop);
    http.send(body);
  });
}

// A connection that died silently moves no byte; when all are sent the portal may take its time.
function watchStall(http, onStall) {
  let timer = 0;
  const end = () => clearTimeout(timer);
  const moved = () => {
    end();
    timer = setTimeout(() => { onStall(); http.abort(); }, STALLED_MS);
  };
  moved();
  return { moved, end };
}

function settle(http, resolve, reject) {
  const body = readJson(http);
  if (http.status >= 200 && http.status < 300 && body) resolve({ status: http.status, body });
  else reject(refusalOf(http, body));
}

function readJson(http) {
  try {
    return JSON.parse(http.responseText);
  } catch {
    return null;
  }
}

function refusalOf(http, body) {
  if (PASSING.has(http.status)) return new Interrupted(Number(http.getResponseHeader("Retry-After")) || 0);
  const said = body || {};
  const isPage = !body && http.status < 300; // the login, where the answer was to be
  const isUnknown = http.status === 403 && !said.needs && said.code !== "cross_site";
  const Kind = isPage || isUnknown || http.status === 401 ? LoggedOut : Refused;
  return new Kind(http.status, said);
}
