// Replaces what is another in every run (ids, tokens, signatures, dates, JWTs) by placeholders that still say what must
// be the same: the kind, the length and alphabet, which values are equal, that a signature is right, how far a date is from now.
import { createHmac } from 'node:crypto';

const JWT = /eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;
const SIGNED = /(?<![A-Za-z0-9])([A-Za-z0-9]{32}|true)\.((?:[A-Za-z0-9+/]|%2B|%2F){43}(?:=|%3D))/g;
const DATE = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const KINDS = [
  ['key', /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/g], // 32 bytes in base64url: the point of an Ed25519 key
  ['id', /(?<![A-Za-z0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9])/g],
  ['token', /(?<![A-Za-z0-9])[A-Za-z0-9]{24}(?![A-Za-z0-9])/g],
];
const SECONDS = new Set(['iat', 'exp', 'nbf']);
const DAY_MINUTES = 24 * 60;

/** The distance from now in whole minutes; now is all the time since a scenario began, so that a slow run says the same. */
function distance(milliseconds, began) {
  const isSince = milliseconds > began - 1_000 && milliseconds < Date.now(); // claims are in whole seconds
  const minutes = isSince ? 0 : Math.round((milliseconds - Date.now()) / 60_000);
  const size = Math.abs(minutes);
  const units = [[Math.floor(size / DAY_MINUTES), 'd'], [Math.floor(size / 60) % 24, 'h'], [size % 60, 'm']];
  const text = units.filter(([count]) => count).map(([count, unit]) => `${count}${unit}`).join('');
  return `<now${text && (minutes < 0 ? '-' : '+')}${text}>`;
}

/** The placeholders of one scenario. `secret` is what the server signs its cookies with. */
export function createPlaceholders(secret) {
  const names = new Map();
  const seen = new Map();
  const began = Date.now();
  const relative = (milliseconds) => distance(milliseconds, began);

  function numbered(kind, value) {
    const key = `${kind} ${value}`;
    if (!seen.has(key)) seen.set(key, [...seen.keys()].filter((other) => other.startsWith(`${kind} `)).length + 1);
    return `<${kind} ${seen.get(key)}>`;
  }

  function replaceSigned(_, value, signature) {
    const right = createHmac('sha256', secret).update(value).digest('base64') === decodeURIComponent(signature);
    const encoded = signature.endsWith('%3D') ? ', url-encoded' : '';
    return `${replaceText(value)}.<${right ? 'signature' : 'WRONG SIGNATURE'}${encoded}>`;
  }

  function replaceJwt(jwt) {
    const [header, claims, signature] = jwt.split('.');
    const read = (part) => JSON.stringify(replaceJson(JSON.parse(Buffer.from(part, 'base64url').toString())));
    return `<jwt ${read(header)} ${read(claims)} ${signature.length}>`;
  }

  function replaceText(text) {
    let replaced = text;
    for (const [value, name] of names) {
      replaced = replaced.replaceAll(value, name).replaceAll(encodeURIComponent(value), `${name.slice(0, -1)}, url-encoded>`);
    }
    replaced = replaced.replace(JWT, replaceJwt).replace(SIGNED, replaceSigned);
    for (const [kind, pattern] of KINDS) replaced = replaced.replace(pattern, (value) => numbered(kind, value));
    return replaced.replace(DATE, (date) => relative(Date.parse(date)));
  }

  function replaceJson(value, key) {
    if (typeof value === 'string') return replaceText(value);
    if (typeof value === 'number' && SECONDS.has(key)) return relative(value * 1000);
    if (Array.isArray(value)) return value.map((item) => replaceJson(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [replaceText(name), replaceJson(item, name)]));
  }

  return {
    /** From now on `value` is shown as `<name>`. */
    name(value, name) { names.set(value, `<${name}>`); },
    text: replaceText,
    json: replaceJson,
  };
}
