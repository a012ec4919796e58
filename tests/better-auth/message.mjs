// Reads an e-mail message (RFC 5322 and MIME) as far as the tests need it: headers, the plain text and the HTML.

/** `{headers, subject, text, html}` of the message in `bytes`; headers by lower-case name, the last of a name wins. */
export function readMessage(bytes) {
  const part = readPart(bytes.toString('latin1'));
  return {
    headers: part.headers,
    subject: part.headers.subject ?? '',
    text: findText(part, 'text/plain'),
    html: findText(part, 'text/html'),
  };
}

/** One part, its content still encoded. Each character of `source` stands for a byte. */
function readPart(source) {
  const end = source.search(/\r?\n\r?\n/);
  const head = end < 0 ? source : source.slice(0, end);
  const headers = {};
  for (const line of head.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = decodeWords(line.slice(colon + 1).trim());
  }
  return { headers, content: end < 0 ? '' : source.slice(end).replace(/^\r?\n\r?\n/, '') };
}

/** The first text of that media type in the part or below it, or null. */
function findText({ headers, content }, wanted) {
  const [type, ...parameters] = (headers['content-type'] ?? 'text/plain').split(';').map((piece) => piece.trim());
  const boundary = parameters.map((parameter) => /^boundary="?([^"]+)"?$/i.exec(parameter)?.[1]).find(Boolean);
  if (!boundary) return type.toLowerCase() === wanted ? decodeContent(content, headers['content-transfer-encoding']) : null;
  const parts = content.split(`--${boundary}`).slice(1, -1).map((part) => readPart(part.replace(/^\r?\n/, '')));
  return parts.map((part) => findText(part, wanted)).find((text) => text !== null) ?? null;
}

function decodeContent(content, encoding = '7bit') {
  switch (encoding.toLowerCase()) {
    case 'base64': return Buffer.from(content, 'base64').toString();
    case 'quoted-printable': return decodeQuotedPrintable(content.replace(/[ \t]*=\r?\n/g, ''));
    default: return Buffer.from(content, 'latin1').toString();
  }
}

function decodeQuotedPrintable(content) {
  return Buffer.from(content.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString();
}

/** RFC 2047 encoded words in a header, as far as they are UTF-8. */
function decodeWords(value) {
  const adjacent = value.replace(/\?=\s+(?==\?utf-8\?)/gi, '?=');
  return adjacent.replace(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, encoding, text) => (
    encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64').toString() : decodeQuotedPrintable(text.replaceAll('_', ' '))));
}
