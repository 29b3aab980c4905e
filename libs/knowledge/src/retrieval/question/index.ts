export { bestOf, type NamedDocument } from './documents.js';
export { type Named, namedIn } from './named.js';
export { respell, respellable, type SeenWord } from './spelling.js';
