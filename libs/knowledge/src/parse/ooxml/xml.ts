import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';

import { SaxesParser } from 'saxes';

import { ParseError } from '../parse-error.js';

/** Names are without their prefix; attributes of relations (`r:id`) keep theirs. */
export interface XmlHandler {
  open?(name: string, attributes: Record<string, string>): void;
  close?(name: string): void;
  text?(text: string): void;
  /** Called between pieces of the file: what it waits for holds the reading up. */
  pause?(): Promise<void>;
}

const MAX_DEPTH = 1000;

/**
 * Reads XML as a stream of events, strictly, and without document types: there are no entities to expand.
 *
 * @throws ParseError FILE_TOO_DEEP, FILE_DAMAGED
 */
export async function readXml(stream: Readable, handler: XmlHandler, type: string): Promise<void> {
  const parser = new SaxesParser();
  let depth = 0;
  let failure: Error | undefined;
  parser.on('error', (error) => {
    failure ??= error;
  });
  parser.on('doctype', () => {
    failure ??= new ParseError('FILE_DAMAGED', { type, detail: 'document type declaration' });
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (failure) return;
    if (++depth > MAX_DEPTH) failure = new ParseError('FILE_TOO_DEEP', { type, limit: MAX_DEPTH });
    else handler.open?.(local(name), withoutPrefixes(attributes));
  });
  parser.on('closetag', ({ name }) => {
    depth--;
    if (!failure) handler.close?.(local(name));
  });
  const text = (value: string): void => {
    if (!failure) handler.text?.(value);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  let decoder: TextDecoder | undefined;
  for await (const piece of stream) {
    const bytes = piece as Buffer;
    decoder ??= new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : bytes[0] === 0xfe ? 'utf-16be' : 'utf-8');
    parser.write(decoder.decode(bytes, { stream: true }));
    if (failure) {
      stream.destroy();
      throw failure;
    }
    await handler.pause?.();
  }
  parser.close();
  if (failure) throw failure;
  await handler.pause?.();
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

function withoutPrefixes(attributes: Record<string, string>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in attributes) {
    const value = attributes[name] ?? '';
    const short = local(name);
    if (short === 'id' && name !== 'id') found[name.startsWith('w:') ? 'id' : 'r:id'] = value;
    else found[short] = value;
  }
  return found;
}
