import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAnswer, parseWatchEvent, statusIn } from './answers.js';

const pod = {
  kind: 'Pod',
  metadata: { name: 'a', uid: 'u', labels: { x: 'y' }, extra: 1 },
  spec: { any: [1] },
};
const codeOf = (read: () => unknown): string | undefined => {
  try {
    read();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test('objects and lists are passed on as they are', () => {
  expect(parseAnswer(JSON.stringify(pod), false)).toEqual(pod);
  const list = { metadata: { resourceVersion: '1' }, items: [pod] };
  expect(parseAnswer(JSON.stringify(list), true)).toEqual(list);
  expect(parseAnswer('{"metadata":{},"items":null}', true)).toEqual({ metadata: {}, items: null });
  expect(
    parseAnswer('{"kind":"SelfSubjectRulesReview","metadata":{"creationTimestamp":null},"status":{}}', false),
  ).toBeDefined();
  expect(parseAnswer('{"gitVersion":"v1.34.0"}', false)).toEqual({ gitVersion: 'v1.34.0' });
  expect(parseAnswer('', false)).toBeNull();
});

test.each([
  ['', true, 'NOT_JSON'],
  ['<html>', false, 'NOT_JSON'],
  ['"x"', false, 'NOT_AN_OBJECT'],
  ['{}', true, 'NOT_AN_OBJECT'],
  ['{"metadata":{"name":5}}', false, 'NOT_AN_OBJECT'],
  ['{"metadata":{},"items":[{"metadata":{}}]}', false, 'NOT_AN_OBJECT'],
])('an answer that is none of an API server is refused - %s', (body, isList, code) => {
  expect(codeOf(() => parseAnswer(body, isList))).toBe(code);
});

test('what is refused says where it is wrong', () => {
  expect(() => parseAnswer('{"metadata":{},"items":[{"metadata":{"name":null}}]}', true)).toThrow(
    'what came back is no object of Kubernetes: expected text, but got null at items[0].metadata.name',
  );
});

test('lines of a watch are events, or refused', () => {
  expect(parseWatchEvent(JSON.stringify({ type: 'ADDED', object: pod }))).toEqual({
    type: 'ADDED',
    object: pod,
  });
  expect(parseWatchEvent('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}')).toMatchObject({
    type: 'BOOKMARK',
  });
  expect(parseWatchEvent('{"type":"ERROR","object":{"code":410}}')).toMatchObject({ object: { code: 410 } });
  for (const line of ['{}', '{"type":"ADDED"}', '{"type":"ADDED","object":{}}', '[]', '7'])
    expect(codeOf(() => parseWatchEvent(line))).toBe('NOT_AN_OBJECT');
});

test('anything is an answer, an event and a Status, or none', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, isList) => {
      const text = JSON.stringify(value);
      expect([undefined, 'NOT_AN_OBJECT']).toContain(codeOf(() => parseAnswer(text, isList)));
      expect([undefined, 'NOT_AN_OBJECT']).toContain(codeOf(() => parseWatchEvent(text)));
      statusIn(text);
    }),
  );
  expect(statusIn('{"message":{"of":"a proxy"},"code":502}')).toEqual({
    kind: 'Status',
    message: 'an object',
    code: 502,
  });
  expect(statusIn('<html>')).toBeUndefined();
});
