import { authorize, Database, ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { AnswerRepository, type TouchedAnswer } from '../answer/answer.repository.js';
import { phrase } from '../answer/phrases.js';

/** Answers changed in one transaction. */
const BATCH = 100;

/** Takes deleted documents out of what was answered from them, whoever asked. */
@Injectable()
export class AnswerErasureService {
  constructor(
    private readonly database: Database,
    private readonly answers: AnswerRepository,
    private readonly services: ServiceRegistry,
  ) {}

  /**
   * Erases the answers whose text may hold words of these documents: the text gives way to a sentence that says so,
   * citations and manifest are emptied. Answers that were only given a passage of them lose that passage from the
   * manifest. It can be repeated.
   * @returns how many texts were erased, and how many answers still have to do with the documents, counted anew
   * @throws UserError FORBIDDEN for who may not delete documents
   */
  async eraseFrom(documentIds: string[]): Promise<{ erased: number; left: number }> {
    authorize('delete', 'Document');
    const cached = await this.services.client('models').eraseCached({ documentIds });
    const { erased, left } = await this.erase(documentIds);
    return { erased, left: left + cached.left };
  }

  /** The same for an answer that was being made while its source was deleted: nobody asked for this deletion here. */
  async erase(documentIds: string[]): Promise<{ erased: number; left: number }> {
    let erased = 0;
    for (;;) {
      const done = await this.database.tenant(async (manager) => {
        const touched = await this.answers.touchedBy(manager, documentIds, BATCH);
        for (const each of touched) {
          if (each.manifest.manifest.textDocumentIds.some((id) => documentIds.includes(id))) {
            await this.answers.reduce(manager, erasedAnswer(each));
            erased++;
          } else await this.answers.reduce(manager, withoutDocuments(each, documentIds), documentIds);
        }
        return touched.length;
      });
      if (done < BATCH) break;
    }
    const left = await this.database.tenant((manager) => this.answers.countTouchedBy(manager, documentIds));
    return { erased, left };
  }
}

/** What stays is what the user wrote and that there was an answer. */
function erasedAnswer({ message, manifest: entity }: TouchedAnswer): TouchedAnswer {
  const { question, language, knowledgeBaseIds, answerer } = entity.manifest;
  const answer = message.answer!;
  return {
    message: {
      ...message,
      text: phrase('sourceDeleted', language),
      answer: { ...answer, citations: [], closest: [], erased: true },
    },
    manifest: {
      ...entity,
      manifest: {
        version: 1,
        question: { asked: question.asked, searched: question.asked, by: 'asked' },
        language,
        knowledgeBaseIds,
        retrieval: null,
        passages: [],
        answerer: { model: answerer.model, version: answerer.version },
        checks: [],
        textDocumentIds: [],
        questionDocumentIds: [],
        erasedAt: new Date().toISOString(),
      },
    },
  };
}

/** The text holds nothing of the documents: only the manifest's passages go, and a question completed from them. */
function withoutDocuments(
  { message, manifest: entity }: TouchedAnswer,
  documentIds: string[],
): TouchedAnswer {
  const { manifest } = entity;
  const gone = (id: string) => documentIds.includes(id);
  const { asked } = manifest.question;
  const answer = message.answer!;
  return {
    message: {
      ...message,
      answer: { ...answer, closest: answer.closest?.filter(({ documentId }) => !gone(documentId)) ?? [] },
    },
    manifest: {
      ...entity,
      manifest: {
        ...manifest,
        question: manifest.questionDocumentIds.some(gone)
          ? { asked, searched: asked, by: 'asked' }
          : manifest.question,
        retrieval: manifest.retrieval && {
          ...manifest.retrieval,
          filters:
            manifest.retrieval.filters?.filter(({ documentId }) => !documentId || !gone(documentId)) ?? [],
        },
        passages: manifest.passages.filter((passage) => !gone(passage.documentId)),
        questionDocumentIds: manifest.questionDocumentIds.filter((id) => !gone(id)),
      },
    },
  };
}
