// The address moves to another: by the new mailbox, and by the old one first when that was verified.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertData, assertError, assertNoPassword, assertPassword } from '../assertions.mjs';
import { newEmail, openBrowser, password, signUp } from '../browser.mjs';
import { assertNoMail, openLink, receiveLink, skipMail as skip } from '../mail.mjs';

async function readUser({ client }) {
  const { data } = await client.getSession();
  return data.user;
}

async function signUpVerified() {
  const browser = await signUp();
  await browser.client.sendVerificationEmail({ email: browser.email });
  await openLink(await receiveLink(browser.email));
  return browser;
}

describe('changing an address that is not verified', { skip }, () => {
  test('takes the link in the mail to the new one', async () => {
    const browser = await signUp();
    const newAddress = newEmail('New');
    assertData(await browser.client.changeEmail({ newEmail: newAddress, callbackURL: '/settings' }), { status: true });
    const link = await receiveLink(newAddress.toLowerCase());
    assert.equal((await readUser(browser)).email, browser.email, 'nothing happens before the link is opened');
    await assertNoMail(browser.email);

    const { status, location } = await openLink(link, browser);
    assert.deepEqual({ status, location }, { status: 302, location: '/settings' });
    const user = await readUser(browser);
    assert.equal(user.email, newAddress.toLowerCase());
    assert.equal(user.emailVerified, false);
    await assertPassword(openBrowser(), newAddress.toLowerCase(), password);
    await assertNoPassword(openBrowser(), browser.email, password);
  });

  test('works once, and answers the client with the user', async () => {
    const browser = await signUp();
    const newAddress = newEmail();
    await browser.client.changeEmail({ newEmail: newAddress });
    const token = (await receiveLink(newAddress)).searchParams.get('token');
    const { data, error } = await browser.client.verifyEmail({ query: { token } });
    assert.equal(error, null);
    assert.equal(data.status, true);
    assert.equal(data.user.id, browser.user.id);
    assert.equal(data.user.email, newAddress);
    assertError((await browser.client.verifyEmail({ query: { token } })).error, 401, 'INVALID_TOKEN', 'Invalid token');
  });

  test('cannot be finished by somebody else who is signed in', async () => {
    const ada = await signUp();
    const eve = await signUp();
    const newAddress = newEmail();
    await ada.client.changeEmail({ newEmail: newAddress });
    const token = (await receiveLink(newAddress)).searchParams.get('token');
    assertError((await eve.client.verifyEmail({ query: { token } })).error, 401, 'INVALID_USER', 'Invalid user');
    assert.equal((await readUser(ada)).email, ada.email);
  });
});

describe('changing an address that is verified', { skip }, () => {
  test('asks at the old one first, then at the new one', async () => {
    const browser = await signUpVerified();
    const newAddress = newEmail();
    assertData(await browser.client.changeEmail({ newEmail: newAddress, callbackURL: '/settings' }), { status: true });
    await assertNoMail(newAddress);

    const approval = await openLink(await receiveLink(browser.email, 2), browser);
    assert.equal(approval.location, '/settings');
    assert.equal((await readUser(browser)).email, browser.email, 'the old mailbox alone does not change it');

    const verification = await openLink(await receiveLink(newAddress), browser);
    assert.equal(verification.location, '/settings');
    const user = await readUser(browser);
    assert.equal(user.email, newAddress);
    assert.equal(user.emailVerified, true);
  });
});

describe('changing the address', { skip }, () => {
  test('to one that is taken is answered as any other, and nothing is sent', async () => {
    const ada = await signUp();
    const eve = await signUp();
    assertData(await eve.client.changeEmail({ newEmail: ada.email }), { status: true });
    await assertNoMail(ada.email);
    await assertNoMail(eve.email);
  });

  test('to the same one is refused, whatever its case', async () => {
    const { client, email } = await signUp();
    for (const same of [email, email.toUpperCase()]) {
      assertError((await client.changeEmail({ newEmail: same })).error, 400, undefined, 'Email is the same');
    }
  });

  test('is not for nobody, and not to what is no address', async () => {
    assertError((await openBrowser().client.changeEmail({ newEmail: newEmail() })).error, 401, 'UNAUTHORIZED', 'Unauthorized');
    const { client } = await signUp();
    assertError((await client.changeEmail({ newEmail: 'ada' })).error, 400, 'VALIDATION_ERROR', '[body.newEmail] Invalid email address');
  });
});
