import { type DocumentView, isProblemCode } from '@midplane/contracts';
import { currentContext, UserError } from '@midplane/kernel';
import type { Document, DocumentFailure } from './document.types.js';

/** A document as the public contract shows it: its failure in the language of the request. */
export function toDocument(view: DocumentView): Document {
  return { ...view, failure: view.failure && toFailure(view.failure) };
}

function toFailure({
  stage,
  code,
  params,
  retryable,
}: NonNullable<DocumentView['failure']>): DocumentFailure {
  const { locale } = currentContext();
  const message = isProblemCode(code) ? new UserError(code, params).messageIn(locale) : code;
  return { stage, code, message, retryable };
}
