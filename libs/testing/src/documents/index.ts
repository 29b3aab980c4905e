export { bookPages, bookReference, type BookOptions } from './book.js';
export { makePdf, type PdfOptions, type PdfPage, type PdfText } from './pdf.js';
export { deflateRepeated, makeZip, type ZipEntry } from './zip.js';
