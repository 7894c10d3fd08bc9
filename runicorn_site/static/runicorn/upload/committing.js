// Makes the version of what was sent: as the output of a run of its own, in one commit.
import { patiently } from "./patience.js";
import { askJson } from "./requests.js";

const ROUNDS = 3;

// Make the version; resolves to its number.
// `plan` is what the check of the form answered; `sendAgain(sha256s)` sends contents that went away.
export async function commit({ plan, items, tools, sendAgain }) {
  const ask = (...request) => patiently(() => askJson(...request, { signal: tools.gate.signal }), tools);
  const run = await begin(ask, plan);
  const end = (status) => ask("PATCH", `/api/runs/${run}`, { status });
  try {
    const { version } = await commitOrSend(ask, bodyOf(plan, items, run), plan, sendAgain);
    await end("finished").catch(() => {}); // the version is there; its run may be ended by hand
    return version;
  } catch (error) {
    askJson("PATCH", `/api/runs/${run}`, { status: "failed" }).catch(() => {});
    throw error;
  }
}

async function begin(ask, plan) {
  for (;;) {
    const id = makeRunId();
    try {
      await ask("POST", "/api/runs", { id, project: plan.project, name: `${plan.fields.type}/${plan.name}` });
      return id;
    } catch (error) {
      if (error.code !== "run_conflict") throw error; // else somebody drew the same id: draw again
    }
  }
}

function makeRunId() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("");
  return `manual_${day}_${time}_${randomHex(3)}`;
}

function randomHex(count) {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// crypto.randomUUID is there over HTTPS only.
function makeUuid() {
  const hex = randomHex(16);
  const variant = "89ab"[parseInt(hex[16], 16) & 3];
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join("-");
}

// The metadata goes in as text: read and written here, large numbers in it would be rounded.
function bodyOf(plan, items, run) {
  const files = items.map(({ path, sha256, file }) => ({
    path, digest: `sha256:${sha256}`, size: file.size, modified_at: file.lastModified / 1000,
  }));
  const rest = JSON.stringify({ ...plan.fields, run, commit_id: makeUuid(), files });
  return `${rest.slice(0, -1)},"metadata":${plan.metadata}}`;
}

async function commitOrSend(ask, body, plan, sendAgain) {
  const url = `/api/artifacts/${encodeURIComponent(plan.name)}/versions`;
  for (let round = 1; ; round += 1) {
    try {
      return (await ask("POST", url, body)).body;
    } catch (error) {
      if (error.code !== "missing_blobs" || round === ROUNDS) throw error;
      await sendAgain(error.body.missing.map((digest) => digest.slice("sha256:".length)));
    }
  }
}
