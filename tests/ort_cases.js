// SPDX-License-Identifier: MIT
// Runs tests in ONNX's layout with ONNX Runtime:
//
//   node ort_cases.js MODULES DIR [RELATIVE]
//
// MODULES is a folder with node_modules/onnxruntime-node in it; every folder in DIR with a model.onnx
// is run on its input_K.pb, and its outputs are held against output_K.pb: ||a - b|| / ||b|| at most
// RELATIVE (1e-4). One line for each that differs, then the counts; status 1 when one did.
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, dir, limit = "1e-4"] = process.argv.slice(2);
const ort = require(path.join(modules, "node_modules", "onnxruntime-node"));

const TYPES = {
  1: ["float32", Float32Array], 2: ["uint8", Uint8Array], 3: ["int8", Int8Array],
  6: ["int32", Int32Array], 7: ["int64", BigInt64Array], 9: ["bool", Uint8Array],
};

// A TensorProto whose numbers are raw: {name, dims, type, data}.
function readTensor(file) {
  const b = fs.readFileSync(file);
  const t = { name: "", dims: [], type: 1, raw: Buffer.alloc(0) };
  let at = 0;
  const varint = () => {
    let v = 0, scale = 1, byte;
    do { byte = b[at++]; v += (byte & 127) * scale; scale *= 128; } while (byte & 128);
    return v;
  };
  while (at < b.length) {
    const key = varint(), field = key >> 3;
    if ((key & 7) === 0) {
      const v = varint();
      if (field === 1) t.dims.push(v);
      if (field === 2) t.type = v;
    } else {
      const n = varint(), bytes = b.subarray(at, at + n);
      at += n;
      if (field === 8) t.name = bytes.toString();
      if (field === 9) t.raw = Buffer.from(bytes);
    }
  }
  const [name, Kind] = TYPES[t.type];
  const bytes = new Uint8Array(t.raw); // aligned
  return { name: t.name, dims: t.dims, type: name, data: new Kind(bytes.buffer) };
}

function readAll(folder, what) {
  const list = [];
  for (let i = 0; fs.existsSync(path.join(folder, `${what}_${i}.pb`)); i++)
    list.push(readTensor(path.join(folder, `${what}_${i}.pb`)));
  return list;
}

function distance(a, b) {
  if (a.length !== b.length) return Infinity;
  let apart = 0, size = 0;
  for (let i = 0; i < a.length; i++) {
    const x = Number(a[i]), y = Number(b[i]);
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) { if (Number.isFinite(y)) size += y * y; continue; }
    apart += (x - y) ** 2;
    size += y * y;
  }
  if (apart === 0) return 0;
  return Math.sqrt(apart / Math.max(size, 1e-12));
}

async function run(folder) {
  const session = await ort.InferenceSession.create(path.join(folder, "model.onnx"), { logSeverityLevel: 3 });
  const set = path.join(folder, "test_data_set_0"), feeds = {};
  for (const t of readAll(set, "input"))
    if (session.inputNames.includes(t.name)) feeds[t.name] = new ort.Tensor(t.type, t.data, t.dims);
  const results = await session.run(feeds), wanted = readAll(set, "output");
  let worst = 0;
  wanted.forEach((t, i) => {
    const got = results[t.name] || results[session.outputNames[i]];
    if (got.dims.join() !== t.dims.join())
      throw new Error(`output ${t.name} is [${got.dims}], expected [${t.dims}]`);
    worst = Math.max(worst, distance(got.data, t.data));
  });
  return worst;
}

(async () => {
  let passed = 0, failed = 0, worst = 0;
  for (const name of fs.readdirSync(dir).sort()) {
    const folder = path.join(dir, name);
    if (!fs.existsSync(path.join(folder, "model.onnx"))) continue;
    try {
      const d = await run(folder);
      worst = Math.max(worst, d <= Number(limit) ? d : 0);
      if (!(d <= Number(limit))) throw new Error(`differs by ${d}`);
      passed++;
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}: ${String(error.message).slice(0, 300)}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed; largest difference ${worst.toExponential(2)}`);
  process.exit(failed || !passed ? 1 : 0);
})();
