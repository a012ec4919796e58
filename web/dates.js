// Days and times as the visitor has them: their zone, their language. A day is `YYYY-MM-DD`, as in the API; what is due
// at a time is an instant.

export let zone = readZone();

/** Reads the zone again. Whether the visitor is in another one by now. */
export function hasMoved() {
  const former = zone;
  zone = readZone();
  if (zone === former) return false;
  formats.clear();
  return true;
}

/** A browser that does not know its zone counts in UTC, and says so by a name that is none. */
function readZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone && timeZone !== 'Etc/Unknown' ? timeZone : 'UTC';
}

/** The last day that the API takes. */
export const LAST_DAY = '9999-12-30';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MILLISECONDS_A_DAY = 86_400_000;

/** The day of an instant, here. */
export function dayOf(date) {
  const digits = (number, length) => String(number).padStart(length, '0');
  return `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1, 2)}-${digits(date.getDate(), 2)}`;
}

export function today(now = new Date()) {
  return dayOf(now);
}

/** Whether it is a day that exists and that the API takes. */
export function isDay(text) {
  if (!DAY.test(text) || text < '0001-01-01' || text > LAST_DAY) return false;
  return fromUtc(toUtc(text)) === text;
}

/** The day so many days later. Counted in UTC, where every day has the same length. */
export function addDays(day, days) {
  return fromUtc(toUtc(day) + days * MILLISECONDS_A_DAY);
}

function daysBetween(from, to) {
  return Math.round((toUtc(to) - toUtc(from)) / MILLISECONDS_A_DAY);
}

/** 0 for Sunday. */
export function weekday(day) {
  return new Date(toUtc(day)).getUTCDay();
}

/** What a due date is: its day here, and its time of day where it has one. */
export function readDue(due) {
  if (!due) return { day: '', time: '' };
  if (DAY.test(due)) return { day: due, time: '' };
  const at = new Date(due);
  return { day: dayOf(at), time: at.toTimeString().slice(0, 5) };
}

/** The other way round: a day, or with a time the instant that it is here. */
export function writeDue(day, time) {
  if (!day) return null;
  if (!time) return day;
  return new Date(`${day}T${time}`).toISOString();
}

export function isOverdue(due, now = new Date()) {
  if (!due) return false;
  return DAY.test(due) ? due < today(now) : new Date(due) < now;
}

/** “Today”, “Tomorrow”, “Friday”, “1 Dec”, “1 Dec 2030”, with the time where there is one. */
export function describeDue(due, now = new Date()) {
  const { day, time } = readDue(due);
  const text = describeDay(day, now);
  return time ? `${text}, ${format({ timeStyle: 'short' }).format(new Date(due))}` : text;
}

export function describeDay(day, now = new Date()) {
  const distance = daysBetween(today(now), day);
  if (Math.abs(distance) <= 1) return capitalise(relative(distance));
  const date = new Date(toUtc(day));
  if (distance > 1 && distance < 7) return capitalise(format({ weekday: 'long', timeZone: 'UTC' }).format(date));
  const year = day.slice(0, 4) === today(now).slice(0, 4) ? {} : { year: 'numeric' };
  return format({ day: 'numeric', month: 'short', timeZone: 'UTC', ...year }).format(date);
}

/** A day in full, for headings: “Friday, 27 November”. */
export function describeDayInFull(day) {
  return format({ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(toUtc(day)));
}

export function describeInstant(text) {
  return format({ dateStyle: 'medium', timeStyle: 'short' }).format(new Date(text));
}

/** “yesterday”, “today”, “tomorrow” in the visitor's language. */
export function relative(days) {
  return new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(days, 'day');
}

/** The names of the days of the week in the visitor's language, Sunday first. */
export function weekdayNames(locale = language()) {
  const names = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' });
  return [4, 5, 6, 7, 8, 9, 10].map((day) => names.format(new Date(Date.UTC(1970, 0, day))));
}

const formats = new Map();

/** Kept, as making one takes long and a list needs hundreds. */
function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language(), options));
  return formats.get(key);
}

function language() {
  return globalThis.navigator?.language ?? 'en';
}

function capitalise(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

function toUtc(day) {
  return Date.parse(`${day}T00:00:00Z`);
}

function fromUtc(milliseconds) {
  const date = new Date(milliseconds);
  return Number.isNaN(milliseconds) ? '' : date.toISOString().slice(0, 10);
}
