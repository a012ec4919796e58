// What a test in a browser stands on: one Chromium for each file, people who have just signed up, and pages that fail
// the test with whatever they complain of.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test as nodeTest } from 'node:test';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const { DULY_URL: url, CHROMIUM: executablePath, CI, BROWSER_ARTEFACTS } = process.env;
if (CI && !(url && executablePath)) throw new Error('DULY_URL must name the running server, and CHROMIUM the browser');

const skip = !(url && executablePath) && 'set DULY_URL to the base URL of a running server, and CHROMIUM to a browser';
const artefacts = BROWSER_ARTEFACTS ?? fileURLToPath(new URL('../../target/browser', import.meta.url));
const patience = 10_000; // milliseconds

// Chromium as it runs for root, in containers, and without a word to anybody but the server.
const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--v8-cache-options=none', // which would be made for the next visit, and nobody here comes twice
];

let launching;
const launch = () => (launching ??= chromium.launch({ executablePath, args: switches }));
after(async () => (await launching)?.close());

/**
 * A test with a browser: what it opens is closed at its end, and what its pages complain of fails it. On a failure
 * there is a picture of each page among the artefacts.
 *
 * @param {string} name
 * @param {(desk: Desk) => Promise<void>} body
 */
export function test(name, body) {
  nodeTest(name, { skip, timeout: 120_000 }, async (t) => {
    const desk = new Desk(await launch());
    try {
      await body(desk);
    } catch (error) {
      await desk.photograph(name);
      for (const complaint of await desk.close()) t.diagnostic(complaint);
      throw error;
    }
    desk.assertTolerable(await desk.close());
  });
}

/** What one test has opened. Tests take it apart: `async ({ newPerson, openPage }) => …`. */
class Desk {
  #browser;
  #contexts = [];
  #complaints = [];
  #tolerated = [];

  constructor(browser) {
    this.#browser = browser;
  }

  /**
   * Somebody who is not signed in: a browser context, with its own cookies and storage. Options are Playwright's
   * (`locale`, `timezoneId`, `colorScheme`, `viewport` …).
   */
  newVisitor = async (options = {}) => {
    const context = await this.#browser.newContext({ baseURL: url, locale: 'en-GB', timezoneId: 'UTC', ...options });
    context.setDefaultTimeout(patience);
    this.#contexts.push(context);
    context.on('console', (message) => {
      const { url: source, lineNumber } = message.location();
      if (message.type() === 'error') this.#complaints.push(`${message.text()} (${source}:${lineNumber})`);
    });
    context.on('weberror', (error) => this.#complaints.push(`uncaught: ${error.error().stack}`));
    context.on('page', (page) => page.on('crash', () => this.#complaints.push(`${page.url()} crashed`)));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
        console.error(`policy violated: ${effectiveDirective} by ${blockedURI} in ${sourceFile}:${lineNumber}`);
      });
    });
    return context;
  };

  /** Somebody who has just signed up, and whose `context` is signed in. Options as of a visitor, and `name`. */
  newPerson = async ({ name = 'Ada', ...options } = {}) => {
    const context = await this.newVisitor(options);
    const account = { name, email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    const answer = await context.request.post('/api/auth/sign-up/email', { data: account });
    assert.equal(answer.status(), 200, await answer.text());
    const { token, user } = await answer.json();
    return { ...account, id: user.id, context, call: (...request) => call(token, ...request) };
  };

  /** A page of a context, at a path of the server's. */
  openPage = async (context, path = '/') => {
    const page = await context.newPage();
    await page.goto(path);
    return page;
  };

  /** What a page may complain of in this test, and has to: a request that is to fail is an error on the console. */
  tolerate = (pattern) => {
    this.#tolerated.push(pattern);
  };

  assertTolerable(complaints) {
    const { left, unused } = sorted(complaints, this.#tolerated);
    assert.deepEqual(left, [], 'the page complained');
    assert.deepEqual(unused, [], 'the page did not complain of what it should');
  }

  async photograph(name) {
    const pages = this.#contexts.flatMap((context) => context.pages());
    const slug = name.replace(/[^a-z0-9]+/gi, '-');
    for (const [index, page] of pages.entries()) {
      const picture = screenshot(page, `failed/${slug}-${index + 1}`);
      await picture.catch((error) => this.#complaints.push(`no picture: ${error}`));
    }
  }

  /** Closes everything, and gives what was complained of until then. */
  async close() {
    for (const context of this.#contexts) {
      // Once a page has answered, what it had said before has arrived.
      await Promise.allSettled(context.pages().map((page) => page.evaluate(nextTask)));
      await context.close();
    }
    return this.#complaints;
  }
}

/** Runs in the page. */
const nextTask = () => new Promise((done) => setTimeout(done));

/** The complaints that no pattern allows, and the patterns that allowed none. */
function sorted(complaints, patterns) {
  return {
    left: complaints.filter((complaint) => !patterns.some((pattern) => pattern.test(complaint))),
    unused: patterns.filter((pattern) => !complaints.some((complaint) => pattern.test(complaint))),
  };
}

/** A call to the API past the browser, such as for many tasks at once: `call('POST', '/api/me/tasks', { title })`. */
async function call(token, method, path, body) {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Asserts that axe finds nothing to object to in the page as it is now. Options are axe's. */
export async function assertAccessible(page, options = {}) {
  // In each page once; by the debugger, which the page's policy does not bind.
  await page.evaluate(`window.axe || (() => { ${axe.source} })()`);
  const { violations } = await page.evaluate((options) => window.axe.run({ resultTypes: ['violations'], ...options }), options);
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target)}`);
  assert.deepEqual(found, [], 'axe objects');
}

/** Keeps a picture of the page among the artefacts. */
export async function screenshot(page, name, options = {}) {
  const path = join(artefacts, `${name}.png`);
  await mkdir(join(path, '..'), { recursive: true });
  await page.screenshot({ path, animations: 'disabled', ...options });
  return path;
}
