#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// ONNX Runtime as a side of `fovea bench --against onnxruntime` (README.md in this folder).
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n');
const refuse = (why) => { say({ error: why }); process.exitCode = 1; };

// The package where npm put it: in the folder that FOVEA_RIVALS names, or build/rivals.
function find() {
  const folders = [process.env.FOVEA_RIVALS, path.join(__dirname, '../../build/rivals')];
  for (const folder of folders.filter(Boolean).concat([__dirname])) {
    try {
      return path.dirname(require.resolve('onnxruntime-node/package.json', { paths: [folder] }));
    } catch (_) { /* the next */ }
  }
  return null;
}

async function main() {
  const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
  const at = find();
  if (!at) {
    return refuse('onnxruntime-node is not installed; `script/bench --install`, or `npm install ' +
                  '--ignore-scripts onnxruntime-node` in a folder that FOVEA_RIVALS names');
  }
  if (job.training) return refuse('it is a library for inference, and trains nothing');
  if (!job.onnx.path) return refuse('there is no ONNX file of this network: ' + job.onnx.why);
  const ort = require(at);
  const session = await ort.InferenceSession.create(job.onnx.path, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: job.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1' } },
  });
  if (session.inputNames.length !== 1) return refuse('the network has several inputs');
  const bytes = fs.readFileSync(job.input);
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', numbers, job.shape) };
  let result = await session.run(feeds);
  say({ first: true });

  const told = [];
  if (job.isa) told.push('it cannot be held to ' + job.isa + ' and takes what there is');
  told.push('all graph optimisations', 'called from Node.js, whose part is in its time');
  say({
    ready: true, title: 'ONNX Runtime', settings: told.join('; '),
    version: JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).version,
  });

  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.startsWith('run ')) {
      const ms = [];
      for (let i = Number(line.slice(4)); i > 0; i--) {
        const start = process.hrtime.bigint();
        result = await session.run(feeds);
        ms.push(Number(process.hrtime.bigint() - start) / 1e6);
      }
      say({ ms });
    } else if (line.startsWith('output ')) {
      result = await session.run(feeds);
      const parts = session.outputNames.map((name) => Buffer.from(Float32Array.from(result[name].data, Number).buffer));
      fs.writeFileSync(line.slice(7), Buffer.concat(parts));
      say({ written: true });
    } else {
      return refuse('it does not understand: ' + line);
    }
  }
}

main().catch((error) => refuse(String(error.message || error).split('\n')[0]));
