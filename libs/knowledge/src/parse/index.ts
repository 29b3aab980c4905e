export {
  rowText,
  tableText,
  type Block,
  type Box,
  type Line,
  type ScanBlock,
  type Table,
  type TextBlock,
} from './block.js';
export { ParseError, type ParseErrorCode } from './parse-error.js';
export { parseFile, type ParseInput, type ParseOptions, type ParseResult } from './parse-file.js';
export { readBlocks, writeBlocks } from './block-file.js';
export { sniff, MIME_TYPES, type MimeType } from './sniff.js';
