// Requests to the server that this page came from, and what can go wrong with them.

/** How long to wait for an answer, in milliseconds: as long as the server takes to give up by itself. */
const PATIENCE = 20_000;
/** A read that is put off for longer than this, in seconds, is told to the visitor instead. */
const LONGEST_WAIT = 5;
const READ_ATTEMPTS = 3;

/** The server answered, and the answer is no. `code` is the problem's (RFC 9457) or Better Auth's. */
export class Refused extends Error {
  constructor(message, { status, code = '', errors = [], retryAfter = null }) {
    super(message);
    Object.assign(this, { name: 'Refused', status, code, errors, retryAfter });
  }

  /** Whether the same request can succeed later. */
  get isTemporary() {
    return [408, 429].includes(this.status) || this.status >= 500 || this.code === 'still_running';
  }

  /**
   * How long to wait before the same request, in milliseconds: at least as long as the server says, and up to as long
   * again, so that all those who were told the same do not come back together.
   */
  get pause() {
    return this.retryAfter * 1000 * (1 + Math.random());
  }
}

/**
 * No answer of this server came. What was asked for may have happened. Where something on the way has answered, its
 * `status` is known.
 */
export class Unreachable extends Error {
  constructor({ cause, status = null }) {
    super('The server cannot be reached. Are you connected?', { cause });
    Object.assign(this, { name: 'Unreachable', status });
  }
}

/** Where somebody's tasks are. */
export function tasksPath(userId) {
  return `/api/${encodeURIComponent(userId)}/tasks`;
}

/**
 * Asks, and gives the JSON of the answer (`null` where there is none).
 * A read that is turned away for a moment is asked again. A write is not: it has a `key`, and the outbox asks again.
 */
export async function request(method, path, options = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(method, path, options);
    } catch (error) {
      const again = method === 'GET' && attempt < READ_ATTEMPTS && error instanceof Refused && error.isTemporary;
      if (!again || error.retryAfter === null || error.retryAfter > LONGEST_WAIT) throw error;
      await wait(error.pause, options.signal);
    }
  }
}

async function ask(method, path, { body, key, signal, keepalive = false }) {
  const headers = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = `"${key}"`;
  const signals = [AbortSignal.timeout(PATIENCE), ...(signal ? [signal] : [])];
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
      keepalive,
      cache: 'no-store',
      redirect: 'error',
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable({ cause: error });
  }
  const json = parseJson(text);
  if (!isOurs(answer, json)) throw new Unreachable(answer);
  if (answer.ok) return json ?? null;
  throw refusal(answer, json);
}

/**
 * Whether the server has said so, and not something on the way to it: a proxy with nothing behind it, or a network that
 * wants a visitor to sign in first. What those say is no reason to take a change for done, or for refused.
 */
function isOurs({ ok, status }, json) {
  if (ok) return status === 204 || json !== undefined;
  return [408, 429].includes(status) || status > 500 || typeof (json?.code ?? json?.message) === 'string';
}

/** The problem documents of the task routes, and Better Auth's `{ message, code }`. */
function refusal(answer, json) {
  const { status, headers } = answer;
  const retryAfter = headers.get('retry-after') ?? headers.get('x-retry-after');
  const reason = (json?.errors ?? []).map((error) => error.detail).join('; ');
  const message = reason || json?.detail || json?.message || `The server answered with status ${status}.`;
  const seconds = retryAfter === null ? null : Number(retryAfter);
  return new Refused(message, { status, code: json?.code, errors: json?.errors, retryAfter: seconds });
}

/** `undefined` where it is none. */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
