import { datesIn, type NamedDate } from './dates.js';
import { documentsIn, type NamedDocument } from './documents.js';
import { headingsIn, type NamedHeading } from './headings.js';
import { type NamedPages, pagesIn } from './pages.js';

/** What a question names by itself, and could be limited to. */
export interface Named {
  documents: NamedDocument[];
  /** When the documents named are from. */
  date: NamedDate | undefined;
  pages: NamedPages | undefined;
  /** All of them have to hold. */
  headings: NamedHeading[];
}

/**
 * Reads what a question names: 《员工手册》第3页, "on page 3 of the employee handbook", "in the 2024 travel policy",
 * 第三章, "section 4.2", "under 'Expenses'". Whether there are such documents is not known here.
 * @returns undefined where it names nothing
 */
export function namedIn(question: string): Named | undefined {
  const text = question.normalize('NFKC');
  const headings = headingsIn(text);
  const documents = documentsIn(text).filter(
    ({ value }) => !headings.some((heading) => heading.value.includes(value)),
  );
  const named = { documents, date: datesIn(text, documents), pages: pagesIn(text), headings };
  const any = documents.length > 0 || named.date || named.pages || headings.length > 0;
  return any ? named : undefined;
}
