// What a scenario can do: send requests whose answers are recorded, and prepare what they need.
import { createHmac, randomBytes } from 'node:crypto';
import { receiveMails } from '../mail.mjs';
import { createPlaceholders } from './placeholders.mjs';
import { sendRaw } from './wire.mjs';

// Framing, connection and server: another HTTP library writes others, and no client of the routes reads them.
// Vary is what a layer for compression or CORS before the routes adds; x-request-id is for finding our log.
const IGNORED = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'server', 'vary', 'x-request-id']);
// What ours adds to every answer for browsers (src/api/security_headers.rs); tests of our own look at it.
const GUARDS = { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' };
/** Marks a scenario that reads or changes rows. */
export const withDatabase = (run) => Object.assign(run, { needsDatabase: true });

export const PASSWORD = 'correct horse battery';
const SESSION_COOKIE = 'better-auth.session_token';

function recordHeaders(headers, placeholders) {
  const isShown = ([name, value]) => !IGNORED.has(name) && name !== 'set-cookie' && GUARDS[name] !== value;
  const shown = headers.filter(isShown).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(shown.map(([name, value]) => [name, placeholders.text(value)]));
}

/** A list by time: the real server answers rows as its database finds them, which is another order every now and then. */
function sortRows(json) {
  const areRows = Array.isArray(json) && json.every((row) => typeof row?.createdAt === 'string');
  return areRows ? json.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)) : json;
}

/** JSON as its value, in the order of its keys, and a note when it is spelled otherwise than JavaScript does; anything else as text. */
function recordBody({ headers, body }, placeholders) {
  const isJson = headers.some(([name, value]) => name === 'content-type' && value.startsWith('application/json'));
  if (!isJson || body === '') return { text: placeholders.text(body) };
  try {
    const json = JSON.parse(body);
    return { json: placeholders.json(sortRows(json)), ...(JSON.stringify(json) !== body && { spelled: placeholders.text(body) }) };
  } catch {
    return { text: `not JSON: ${body}` };
  }
}

export function recordAnswer(answer, placeholders) {
  const cookies = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => placeholders.text(value));
  return { status: answer.status, headers: recordHeaders(answer.headers, placeholders), cookies, ...recordBody(answer, placeholders) };
}

/** An HS256 JWT, right or wrong as the scenario wants it. */
function signJwt(claims, secret, header = { alg: 'HS256' }) {
  const encode = (part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const signed = `${encode(header)}.${encode(claims)}`;
  if (header.alg === 'none') return `${signed}.`;
  const digest = header.alg === 'HS512' ? 'sha512' : 'sha256';
  return `${signed}.${createHmac(digest, secret).update(signed).digest('base64url')}`;
}

/** Cookie and bearer of options, as the headers they stand for. */
function headersOf({ cookie, bearer, json, form, origin: originHeader, headers = {} }, origin) {
  const all = {};
  if (json !== undefined) all['content-type'] = 'application/json';
  if (form !== undefined) all['content-type'] = 'application/x-www-form-urlencoded';
  if (cookie !== undefined) all.cookie = cookie;
  if (bearer !== undefined) all.authorization = `Bearer ${bearer}`;
  const sentOrigin = originHeader ?? (cookie === undefined ? null : origin);
  if (sentOrigin) all.origin = sentOrigin;
  return { ...all, ...headers };
}

/** A scenario's own world; `steps` fills as it goes. */
export function createScenario({ origin, secret, pool }) {
  const placeholders = createPlaceholders(secret);
  placeholders.name(origin, 'origin');
  placeholders.name(origin.toUpperCase(), 'origin in capitals');
  placeholders.name(new URL(origin).host, 'host');
  placeholders.name(`127.0.0.1:${new URL(origin).port}`, 'host by address');
  const steps = [];

  /** The request as the recording shows it; `as` where it has parts of values that no placeholder finds. */
  function describe(method, path, { as, json, form, body, headers, cookie, bearer, origin: originHeader }) {
    if (as) return as;
    const shown = { json, form, body, headers, cookie, bearer, origin: originHeader };
    const options = Object.entries(shown).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${JSON.stringify(placeholders.json(value))}`);
    return [`${method} ${placeholders.text(path)}`, ...options].join(', ');
  }

  function add(step, recorded) {
    if (steps.some((other) => other.step === step)) throw new Error(`two steps are called "${step}"`);
    steps.push({ step, ...recorded });
  }

  async function exchange(method, path, options) {
    const { json, form, body } = options;
    const payload = json !== undefined ? JSON.stringify(json) : form ?? body;
    return sendRaw(`${origin}/api/auth${path}`, { method, headers: headersOf(options, origin), body: payload });
  }

  async function send(step, method, path, options = {}) {
    const answer = await exchange(method, path, options);
    add(step, { request: describe(method, path, options), ...recordAnswer(answer, placeholders) });
    return answer;
  }

  const scenario = {
    origin,
    secret,
    send,
    get: (step, path, options) => send(step, 'GET', path, options),
    post: (step, path, json, options) => send(step, 'POST', path, { json, ...options }),

    /** The same request many times: how often it was answered with which status, and the last answer. */
    async burst(step, times, method, path, options = {}) {
      const counts = new Map();
      let last;
      for (let i = 0; i < times; i += 1) {
        last = await exchange(method, path, options);
        counts.set(last.status, (counts.get(last.status) ?? 0) + 1);
      }
      const request = `${times} times ${describe(method, path, options)}`;
      add(step, { request, counts: [...counts].map(([status, count]) => `${count}x ${status}`), ...recordAnswer(last, placeholders) });
    },

    /** An HTML page, of which only counts whether it shows the texts, since it may look as it likes. */
    async page(step, path, texts) {
      const answer = await exchange('GET', path, {});
      const { status, headers, cookies } = recordAnswer(answer, placeholders);
      const shows = Object.fromEntries(texts.map((text) => [text, answer.body.includes(text)]));
      add(step, { request: describe('GET', path, {}), status, headers, cookies, shows });
    },

    /** An address nobody has used, shown as `<name>`. */
    address(name, host = 'example.com') {
      const email = `${name}.${randomBytes(6).toString('hex')}@${host}`;
      placeholders.name(email, name);
      placeholders.name(email.toUpperCase(), `${name} in upper case`);
      return email;
    },

    /** Somebody signed up, without a record of it. */
    async user(name, body = {}) {
      const email = scenario.address(name);
      const answer = await exchange('POST', '/sign-up/email', { json: { name, email, password: PASSWORD, ...body } });
      if (answer.status !== 200) throw new Error(`sign-up: ${answer.status} ${answer.body}`);
      return { ...readSession(answer), email };
    },

    /** Another session of somebody, without a record of it. */
    async signIn(email, body = {}) {
      const answer = await exchange('POST', '/sign-in/email', { json: { email, password: PASSWORD, ...body } });
      if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.body}`);
      return { ...readSession(answer), email };
    },

    /** Sent without a record of it. */
    prepare: exchange,
    signJwt: (claims, { key = secret, header } = {}) => signJwt(claims, key, header),
    sign: (value, key = secret) => `${value}.${createHmac('sha256', key).update(value).digest('base64')}`,

    /** Moves what only time would move. */
    async sql(text, ...values) { return (await pool.query(text, values)).rows; },

    /** Rows of the database, recorded. */
    async rows(step, text, ...values) {
      const rows = await scenario.sql(text, ...values);
      add(step, { rows: placeholders.json(JSON.parse(JSON.stringify(rows))) });
      return rows;
    },

    /** The `count`-th message to an address, recorded; answers its link. With 0: that nothing was sent there. */
    async mail(step, address, count = 1) {
      const messages = await receiveMails(address, count);
      const links = messages.at(-1)?.text.match(/https?:\/\/[^\s<>"]+/g) ?? [];
      add(step, { messages: messages.length, to: placeholders.json(messages.at(-1)?.to ?? []), links: links.map(placeholders.text) });
      return links[0];
    },
  };
  return { scenario, steps };
}

/** What a signed-in client keeps: its cookies as one header, and what they are made of. */
function readSession({ headers, body }) {
  const { token, user } = JSON.parse(body);
  const cookies = headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value.split(';')[0]);
  const value = cookies.find((cookie) => cookie.startsWith(`${SESSION_COOKIE}=`)).slice(SESSION_COOKIE.length + 1);
  return { id: user.id, token, cookie: cookies.join('; '), value, signed: decodeURIComponent(value) };
}
