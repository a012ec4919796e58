// Ids of our own for tasks and changes (RFC 9562, version 7): in the order in which they were made.

let last = 0;

/** An id that comes after all that were made here, and after another one. */
export function uuid(before = null) {
  // Two in one millisecond still differ in time, and a clock that was set back does not count: changes keep their order.
  last = Math.max(Date.now(), last + 1, before === null ? 0 : timeOf(before) + 1);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let index = 0; index < 6; index += 1) bytes[index] = Math.floor(last / 2 ** (8 * (5 - index))) % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The milliseconds in an id. */
function timeOf(id) {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
