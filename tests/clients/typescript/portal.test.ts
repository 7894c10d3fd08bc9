// A client whose types are made from docs/openapi.yml works with the portal at PORTAL_URL.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { before, test } from "node:test";

import createClient from "openapi-fetch";

import type { components, paths } from "./portal.js";

type Refusal = components["schemas"]["ErrorOut"];

const portal = createClient<paths>({ baseUrl: process.env["PORTAL_URL"] ?? "" });
const name = `模型 ${randomUUID()}`;

// The one answer that is meant, or the refusal as an exception.
function must<T>({ data, error }: { data?: T; error?: Refusal }): T {
  if (error !== undefined) throw new Error(`${error.code}: ${error.detail}`);
  assert.notEqual(data, undefined);
  return data as T;
}

function refused({ error }: { error?: Refusal }): Refusal {
  assert.notEqual(error, undefined);
  return error as Refusal;
}

async function upload(text: string): Promise<components["schemas"]["FileIn"]> {
  const content = new TextEncoder().encode(text);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const asked = { digests: [digest] };
  assert.deepEqual(must(await portal.POST("/api/blobs/missing", { body: asked })).missing, [digest]);
  must(
    await portal.PUT("/api/blobs/{digest}", {
      params: { path: { digest } },
      body: text, // a string in the types; the bytes themselves on the wire
      bodySerializer: () => content,
      headers: { "Content-Type": "application/octet-stream" },
    }),
  );
  return { path: "notes/读我.txt", digest, size: content.length };
}

async function commit(text: string, metadata: Record<string, unknown>): Promise<number> {
  const body = { type: "dataset" as const, files: [await upload(text)], metadata };
  const params = { path: { name } };
  return must(await portal.POST("/api/artifacts/{name}/versions", { params, body })).version;
}

before(async () => {
  assert.equal(await commit(`one of ${name}`, { rows: 1 }), 1);
  assert.equal(await commit(`two of ${name}`, { rows: 2 }), 2);
});

test("it lists and filters", async () => {
  const found = must(await portal.GET("/api/artifacts", { params: { query: { name, limit: 5 } } }));
  assert.deepEqual(
    found.map((one) => [one.name, one.num_versions, one.latest_version, one.aliases["latest"]]),
    [[name, 2, 2, 2]],
  );
  const query = { name, type: "code" as const };
  assert.deepEqual(must(await portal.GET("/api/artifacts", { params: { query } })), []);
  const history = must(
    await portal.GET("/api/artifacts/{name}/versions", { params: { path: { name } } }),
  );
  assert.deepEqual(history.map((one) => one.version), [1, 2]);
});

test("it reads a version, its files and their bytes", async () => {
  const path = { name, version: 2 };
  const version = must(
    await portal.GET("/api/artifacts/{name}/v{version}", { params: { path } }),
  );
  assert.deepEqual([version.status, version.metadata], ["ready", { rows: 2 }]);
  const { files } = must(
    await portal.GET("/api/artifacts/{name}/v{version}/files", { params: { path } }),
  );
  const [file] = files;
  assert.equal(file?.path, "notes/读我.txt");
  const text = must(
    await portal.GET("/api/blobs/{digest}", {
      params: { path: { digest: file?.digest ?? "" } },
      parseAs: "text",
    }),
  );
  assert.equal(text, `two of ${name}`);
});

test("it moves an alias and reads where it was", async () => {
  const path = { name, alias: "candidate" };
  for (const version of [1, 2]) {
    const body = { version, comment: "it is better" };
    const moved = must(
      await portal.PUT("/api/artifacts/{name}/aliases/{alias}", { params: { path }, body }),
    );
    assert.equal(moved.version, version);
  }
  const moves = must(
    await portal.GET("/api/artifacts/{name}/aliases/{alias}/history", { params: { path } }),
  );
  assert.deepEqual(moves.map((one) => [one.from_version, one.to_version]).sort(), [[1, 2], [null, 1]].sort());
});

test("it deletes, softly and for ever", async () => {
  const version = await commit(`three of ${name}`, {});
  const path = { name, version };
  const there = { params: { path } };
  must(await portal.DELETE("/api/artifacts/{name}/v{version}", there));
  const deleted = must(await portal.GET("/api/artifacts/{name}/v{version}", there));
  assert.equal(deleted.status, "deleted");
  must(
    await portal.DELETE("/api/artifacts/{name}/v{version}", {
      params: { path, query: { permanent: true } },
    }),
  );
  const gone = await portal.GET("/api/artifacts/{name}/v{version}", there);
  assert.deepEqual([gone.response.status, refused(gone).code], [404, "version_not_found"]);
});

test("it knows every refusal by its type", async () => {
  const absent = await portal.GET("/api/artifacts/{name}/v{version}", {
    params: { path: { name, version: 999 } },
  });
  assert.deepEqual(
    [absent.response.status, refused(absent).code, refused(absent).detail],
    [404, "version_not_found", `Version not found: ${name}:v999`],
  );
  const digest = `sha256:${"0".repeat(64)}`;
  const files = [{ path: "a.bin", digest, size: 1 }];
  const missing = await portal.POST("/api/artifacts/{name}/versions", {
    params: { path: { name } },
    body: { type: "dataset", files },
  });
  assert.deepEqual(
    [missing.response.status, refused(missing).code, refused(missing).missing],
    [409, "missing_blobs", [digest]],
  );
  const wrong = await portal.PUT("/api/artifacts/{name}/aliases/{alias}", {
    params: { path: { name, alias: "v7" } },
    body: { version: 1 },
  });
  assert.equal(wrong.response.status, 400);
  assert.match(refused(wrong).detail, /v7/);
});
