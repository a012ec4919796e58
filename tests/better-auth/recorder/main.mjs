// Records what the real Better Auth server answers to the scenarios, or compares a server with that recording.
//
//   node recorder/main.mjs record|compare [--exact] [--rate-limits]
//
//   record          writes recorder/recordings from the server that DULY_URL names
//   compare         prints every difference from them, and exits with 1 if there is one that is not meant
//   --exact         no difference is meant: the server is the real one
//   --rate-limits   the scenarios for a server whose limits are on; without it, those for one whose limits are off
//
// DULY_URL, MAILBOX_URL, TEST_AUTH_SECRET and TEST_AUTH_DATABASE_URL as script/with-server and script/with-better-auth
// set them. Without a database the scenarios that need one are skipped when comparing.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { origin } from '../browser.mjs';
import { compareRecordings } from './compare.mjs';
import { createScenario } from './scenario.mjs';

const AT_ONCE = 6;
const HERE = new URL('./', import.meta.url);
const recordingUrl = (file) => new URL(`recordings/${file}.json`, HERE);
const readJson = async (url) => JSON.parse(await readFile(url, 'utf8'));

/** The scenario files for a server with or without limits: name → {scenario name: function}. */
async function loadScenarios(withLimits) {
  const files = (await readdir(new URL('scenarios/', HERE))).map((name) => name.replace(/\.mjs$/, '')).sort();
  const wanted = files.filter((file) => file.startsWith('rate-limits') === withLimits);
  const loaded = await Promise.all(wanted.map(async (file) => [file, (await import(`./scenarios/${file}.mjs`)).default]));
  return new Map(loaded);
}

/** Runs the functions, some at a time, and waits for all. */
async function runSome(tasks) {
  const queue = [...tasks];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let task = queue.shift(); task; task = queue.shift()) await task();
  }));
}

/** file → scenario name → steps, and the names of those that could not run. */
async function runScenarios(files, context) {
  const recordings = {};
  const skipped = new Set();
  const tasks = [];
  for (const [file, scenarios] of files) {
    recordings[file] = {};
    for (const [name, run] of Object.entries(scenarios)) {
      recordings[file][name] = null; // keeps the order of the file
      tasks.push(async () => {
        if (run.needsDatabase && !context.pool) {
          skipped.add(name);
          delete recordings[file][name];
          return;
        }
        const { scenario, steps } = createScenario(context);
        await run(scenario).catch((error) => { steps.push({ step: 'the end', failed: `${error.stack}` }); });
        recordings[file][name] = steps;
      });
    }
  }
  await runSome(tasks);
  return { recordings, skipped };
}

/** JSON with a line for each part of a step, so that a changed answer is a changed line. */
function formatRecording(scenarios) {
  const step = (parts) => Object.entries(parts).map(([part, value]) => `      ${JSON.stringify(part)}: ${JSON.stringify(value)}`).join(',\n');
  const block = ([name, steps]) => `  ${JSON.stringify(name)}: [\n${steps.map((parts) => `    {\n${step(parts)}\n    }`).join(',\n')}\n  ]`;
  return `{\n${Object.entries(scenarios).map(block).join(',\n')}\n}\n`;
}

async function record({ recordings, skipped }) {
  const failed = Object.values(recordings).flatMap((scenarios) => Object.values(scenarios)).flat().filter(({ failed: why }) => why);
  if (skipped.size || failed.length) throw new Error(`not everything ran: ${[...skipped, ...failed.map(({ failed: why }) => why)].join('\n')}`);
  for (const [file, scenarios] of Object.entries(recordings)) await writeFile(recordingUrl(file), formatRecording(scenarios));
  const steps = Object.values(recordings).flatMap((scenarios) => Object.values(scenarios)).flat();
  console.log(`recorded ${steps.length} steps, ${steps.filter(({ request }) => request).length} of them requests`);
}

/** The differences that are meant, each of which the documentation must explain. */
async function readMeant() {
  const meant = await readJson(new URL('differences.json', HERE));
  const documentation = await readFile(new URL('../../../docs/BETTER-AUTH.md', HERE), 'utf8');
  for (const { name } of meant) {
    if (!documentation.includes(name)) throw new Error(`docs/BETTER-AUTH.md does not explain the difference ${name}`);
  }
  return meant;
}

async function compare({ recordings, skipped }, meant) {
  const recorded = {};
  for (const file of Object.keys(recordings)) Object.assign(recorded, await readJson(recordingUrl(file)));
  const current = Object.assign({}, ...Object.values(recordings));
  const complaints = compareRecordings(recorded, current, { differences: meant.filter(({ steps }) => concerns(steps, recorded)), skipped });
  for (const complaint of complaints) console.log(`DIFFERENT: ${complaint}\n`);
  const steps = Object.values(current).flat().length;
  console.log(`${steps} steps compared, ${skipped.size} scenarios skipped, ${complaints.length} differences that are not meant`);
  return complaints.length === 0;
}

/** Whether a meant difference is of these scenarios: those of the other group are compared in another run. */
function concerns(steps, recorded) {
  return Object.keys(steps).some((where) => recorded[where.split(' / ')[0]]);
}

const [command, ...options] = process.argv.slice(2);
const usage = 'usage: node recorder/main.mjs record|compare [--exact] [--rate-limits]';
if (!['record', 'compare'].includes(command) || options.some((option) => !['--exact', '--rate-limits'].includes(option))) throw new Error(usage);
const database = process.env.TEST_AUTH_DATABASE_URL;
const pool = database && new pg.Pool({ connectionString: database });
// The first request for the keys makes one; several at once would make the real server make several.
await fetch(`${origin}/api/auth/jwks`);
const files = await loadScenarios(options.includes('--rate-limits'));
const results = await runScenarios(files, { origin, secret: process.env.TEST_AUTH_SECRET, pool });
await pool?.end();
if (command === 'record') await record(results);
else process.exitCode = (await compare(results, options.includes('--exact') ? [] : await readMeant())) ? 0 : 1;
