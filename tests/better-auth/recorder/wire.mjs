// One HTTP request as it is, with no header that the caller did not ask for but those of framing.
import { request } from 'node:http';

/** `{status, headers, body}` of the answer, headers as `[lower-case name, value]` in the order of the wire. */
export function sendRaw(url, { method = 'GET', headers = {}, body } = {}) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const framing = bytes === undefined ? {} : { 'content-length': bytes.length };
  return new Promise((resolve, reject) => {
    // The path is given apart, since a URL object would tidy it up.
    const { hostname, port } = new URL(url);
    const path = url.slice(new URL(url).origin.length);
    const sent = request({ hostname, port, path, method, headers: { ...framing, ...headers } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: pairs(response.rawHeaders),
        body: Buffer.concat(chunks).toString(),
      }));
    });
    sent.on('error', reject);
    sent.end(bytes);
  });
}

function pairs(rawHeaders) {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  return headers;
}
