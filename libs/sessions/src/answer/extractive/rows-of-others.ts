import { detectLanguage } from '../../text/language.js';
import { type Passage, textsOf } from '../passage.js';
import type { Candidate } from './candidates.js';
import { namesMissing } from './names-missing.js';
import { shareInLabel } from './prefer-asked.js';

/**
 * Where no name that is asked about stands anywhere, no row of a table answers unless the question has its label: each
 * row is about what its own label names, Germany and not Japan.
 * @param passages that were read
 * @param candidates of these
 * @returns those that can't answer
 */
export function rowsOfOthers<Row extends Candidate>(
  question: string,
  passages: readonly Passage[],
  candidates: readonly Row[],
): Set<Row> {
  const rows = candidates.filter(({ isRow, label }) => isRow && shareInLabel(question, label) === 0);
  const languageOf = ({ passage }: Row) => detectLanguage(passage.text);
  const texts = passages.flatMap(textsOf);
  const languages = [...new Set(rows.map(languageOf))];
  const unknownIn = languages.filter((language) => namesMissing(question, texts, language) === 1);
  return new Set(rows.filter((row) => unknownIn.includes(languageOf(row))));
}
