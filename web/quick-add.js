// The line that a task is added by: `Call home tomorrow !high #home`. A pure function, so that the page can show what
// it has understood while somebody types.

import { addDays, isDay, relative, today as dayNow, weekday, weekdayNames } from './dates.js';

const MAX_TITLE = 200;
const MAX_TAG = 64;
const MAX_TAGS = 32;

const PRIORITIES = ['low', 'medium', 'high', 'urgent'];
const ENGLISH_DAYS = weekdayNames('en');

/**
 * What the line says: `{ title, due_date, priority, tags, tokens }`. A token is `{ kind, text, value }` as it stands in
 * the line; those whose text is in `ignore` stay part of the title. Of two dates or priorities the first counts.
 */
export function parse(line, { today = dayNow(), ignore = new Set() } = {}) {
  const result = { title: '', due_date: null, priority: 'none', tags: [], tokens: [] };
  const words = line.replace(/\p{Cc}/gu, ' ').split(/\s+/u).filter(Boolean);
  const title = [];
  for (let at = 0; at < words.length; ) {
    const token = readToken(words, at, today);
    if (token && !ignore.has(token.text) && take(result, token)) {
      at += token.words;
    } else {
      title.push(words[at]);
      at += 1;
    }
  }
  result.title = title.join(' ');
  return result;
}

/** What is wrong with a title, or nothing. */
export function titleProblem(title) {
  if (title === '') return 'A task needs a title.';
  const length = [...title].length;
  return length > MAX_TITLE ? `A title has up to ${MAX_TITLE} characters; this one has ${length}.` : null;
}

/** Tags as somebody writes them into one field: apart by commas or spaces, with or without `#`. */
export function parseTags(text) {
  const tags = text.split(/[\s\p{Cc},]+/u).map((tag) => tag.replace(/^#/, '')).filter(Boolean);
  return [...new Set(tags)];
}

/** What is wrong with tags, or nothing. */
export function tagsProblem(tags) {
  if (tags.length > MAX_TAGS) return `A task has up to ${MAX_TAGS} tags; these are ${tags.length}.`;
  const long = tags.find((tag) => [...tag].length > MAX_TAG);
  return long === undefined ? null : `A tag has up to ${MAX_TAG} characters.`;
}

function take(result, { kind, text, value }) {
  if (kind === 'tag') {
    if (result.tags.length === MAX_TAGS) return false;
    if (result.tags.includes(value)) return true;
    result.tags.push(value);
  } else if (result.tokens.some((token) => token.kind === kind)) {
    return false;
  } else {
    result[kind === 'due' ? 'due_date' : 'priority'] = value;
  }
  result.tokens.push({ kind, text, value });
  return true;
}

function readToken(words, at, today) {
  const word = words[at];
  if (word.startsWith('!')) return readPriority(word);
  if (word.startsWith('#')) return readTag(word);
  return readDate(words, at, today);
}

function readPriority(word) {
  const value = word.slice(1).toLowerCase();
  return PRIORITIES.includes(value) ? { kind: 'priority', text: word, value, words: 1 } : null;
}

/** A number alone is no tag: `#12` is how people name an issue. */
function readTag(word) {
  const value = word.slice(1);
  const isTag = value !== '' && !value.startsWith('#') && !/^\d+$/.test(value) && [...value].length <= MAX_TAG;
  return isTag ? { kind: 'tag', text: word, value, words: 1 } : null;
}

function readDate(words, at, today) {
  const [first, second = '', third = ''] = words.slice(at, at + 3).map((word) => word.toLowerCase());
  const found = (value, count) =>
    isDay(value) ? { kind: 'due', text: words.slice(at, at + count).join(' '), value, words: count } : null;
  if (isDay(first)) return found(first, 1);
  const named = dayByName(first, today);
  if (named) return found(named, 1);
  if (first === 'next' && second === 'week') return found(addDays(today, 7), 2);
  const count = first === 'in' && /^\d{1,4}$/.test(second) ? Number(second) : null;
  if (count !== null && /^days?$/.test(third)) return found(addDays(today, count), 3);
  if (count !== null && /^weeks?$/.test(third)) return found(addDays(today, 7 * count), 3);
  return null;
}

/** `today`, `tomorrow` and the days of the week, in English and in the visitor's language; a day of the week is the next one. */
function dayByName(word, today) {
  if (word === 'today' || word === relative(0).toLowerCase()) return today;
  if (word === 'tomorrow' || word === relative(1).toLowerCase()) return addDays(today, 1);
  for (const names of [ENGLISH_DAYS, weekdayNames()]) {
    const index = names.findIndex((name) => name.toLowerCase() === word);
    if (index >= 0) return addDays(today, (index - weekday(today) + 6) % 7 + 1);
  }
  return null;
}
