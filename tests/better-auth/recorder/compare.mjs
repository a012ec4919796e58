// Compares what a server answers now with the recording of the real one.

/** What of a step is compared, each part by itself so that a difference says where it is. */
export function compareStep(recorded, current) {
  const differences = [];
  const add = (part, expected, actual) => {
    const [a, b] = [expected, actual].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value)));
    if (a !== b) differences.push({ part, expected: a, actual: b });
  };
  const parts = new Set([...Object.keys(recorded), ...Object.keys(current)]);
  parts.delete('headers');
  parts.delete('step');
  for (const part of parts) add(part, recorded[part], current[part]);
  for (const name of new Set([...Object.keys(recorded.headers ?? {}), ...Object.keys(current.headers ?? {})])) {
    add(`header ${name}`, recorded.headers?.[name], current.headers?.[name]);
  }
  return differences;
}

/** The recorded step as ours is meant to answer it. */
function applyMeant(recorded, meant) {
  const { headers, ...parts } = meant;
  const changed = { ...recorded, ...parts, headers: { ...recorded.headers, ...headers } };
  // In a meant difference null stands for what is not there.
  const withoutNulls = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
  return { ...withoutNulls(changed), ...(recorded.headers || headers ? { headers: withoutNulls(changed.headers) } : {}) };
}

const place = (scenario, step) => `${scenario} / ${step}`;

/** By place, how ours is meant to differ and under which name. */
function indexMeant(differences) {
  const index = new Map();
  for (const { name, steps } of differences) {
    for (const [where, meant] of Object.entries(steps)) {
      if (index.has(where)) throw new Error(`two meant differences are at "${where}"`);
      index.set(where, { name, meant });
    }
  }
  return index;
}

/**
 * Every complaint about `current` against `recorded` (both: scenario name → steps), as text.
 *
 * `differences` are those that are meant. One that is not there, or no longer, is a complaint too. A scenario of the
 * recording that `current` does not have was skipped if `skipped` has its name.
 */
export function compareRecordings(recorded, current, { differences = [], skipped = new Set() } = {}) {
  const complaints = [];
  const meantAt = indexMeant(differences);
  const visited = new Set();
  for (const name of new Set([...Object.keys(recorded), ...Object.keys(current)])) {
    if (skipped.has(name)) {
      for (const { step } of recorded[name] ?? []) visited.add(place(name, step));
      continue;
    }
    if (!recorded[name] || !current[name]) {
      complaints.push(`${name}: only in ${recorded[name] ? 'the recording' : 'the scenarios'}; record again`);
      continue;
    }
    compareScenario(name, recorded[name], current[name], { meantAt, visited, complaints });
  }
  for (const [where, { name }] of meantAt) {
    if (!visited.has(where)) complaints.push(`${where}\n  meant as ${name}: there is no such step`);
  }
  return complaints;
}

function compareScenario(name, recordedSteps, currentSteps, { meantAt, visited, complaints }) {
  for (const [i, current] of currentSteps.entries()) {
    const recorded = recordedSteps[i];
    if (current.failed || recorded?.step !== current.step) {
      complaints.push(`${name}: ${current.failed ?? `the step "${current.step}" is not that of the recording; record again`}`);
      return;
    }
    const where = place(name, recorded.step);
    visited.add(where);
    const meant = meantAt.get(where);
    const expected = meant ? applyMeant(recorded, meant.meant) : recorded;
    if (meant && compareStep(recorded, expected).length === 0) complaints.push(`${where}\n  meant as ${meant.name}: that is no difference`);
    for (const { part, expected: a, actual: b } of compareStep(expected, current)) {
      complaints.push(`${where}\n  ${recorded.request ?? ''}\n  ${part}\n    expected ${a}\n    got      ${b}${meant ? `\n  (beyond what is meant as ${meant.name})` : ''}`);
    }
  }
  if (recordedSteps.length > currentSteps.length) complaints.push(`${name}: the recording has more steps; record again`);
}
