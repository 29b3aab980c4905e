export { bookPages, bookReference, type BookOptions } from './book.js';
export { makePdf, type PdfOptions, type PdfPage, type PdfText } from './pdf.js';
export { deflateRepeated, makeZip, type ZipEntry } from './zip.js';
export {
  makeDocx,
  makePptx,
  makeXlsx,
  type DocxOptions,
  type OfficeOptions,
  type PptxSlide,
  type XlsxCell,
  type XlsxSheet,
} from './office.js';
