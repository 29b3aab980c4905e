/** The model does not know the language that was named. */
export class UnknownLanguageError extends Error {
  override readonly name = 'UnknownLanguageError';
}
