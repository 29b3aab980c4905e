import { expect, it } from 'vitest';
import { acceptsEventStream, prefersHtml, responseType } from './media-type.js';

const JSON_TYPE = 'application/json';
const NEWER = 'application/graphql-response+json';

it.each([
  [undefined, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/*', JSON_TYPE],
  [NEWER, NEWER],
  [`${NEWER}; charset=utf-8, ${JSON_TYPE};q=0.9`, NEWER],
  [`${NEWER};q=0.1, ${JSON_TYPE}`, JSON_TYPE],
  [`${NEWER};q=0`, undefined],
  ['application/json; charset=iso-8859-1', undefined],
  ['text/html', undefined],
])('answers who accepts %j in %s', (accept, type) => {
  expect(responseType(accept)).toBe(type);
});

it('tells a browser that asks for a page from a program', () => {
  expect(prefersHtml('text/html,application/xhtml+xml,*/*;q=0.8')).toBe(true);
  expect(prefersHtml('application/json, text/html;q=0.5')).toBe(false);
  expect(prefersHtml('*/*')).toBe(false);
  expect(prefersHtml(undefined)).toBe(false);
});

it('finds the event stream among what is accepted', () => {
  expect(acceptsEventStream('application/json, text/event-stream;q=0.5')).toBe(true);
  expect(acceptsEventStream('*/*')).toBe(false);
});
