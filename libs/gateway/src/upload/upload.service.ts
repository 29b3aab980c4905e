import { Inject, Injectable } from '@nestjs/common';
import { type DocumentView, Metadata } from '@midplane/contracts';
import {
  asError,
  currentContext,
  FILE_STORAGE,
  type FileStorage,
  invalidInput,
  newId,
  type ServiceClient,
  ServiceRegistry,
  UserError,
} from '@midplane/kernel';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.js';
import { idOr, parseInput } from '../input/parse-input.js';
import type { UploadDocumentInput } from '../knowledge/document.types.js';
import { cleanFileName } from './file-name.js';
import type { UploadedFile } from './pending-upload.js';

/** Brings uploads into storage as they arrive, and hands them to ingest. */
@Injectable()
export class UploadService {
  private readonly ingest: ServiceClient<'ingest'>;

  constructor(
    services: ServiceRegistry,
    @Inject(FILE_STORAGE) private readonly storage: FileStorage,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.ingest = services.client('ingest');
  }

  /**
   * Everything but the bytes is looked at first, so that what can't be taken is refused before it is stored. An
   * upload that breaks off or is too large leaves nothing behind.
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, INVALID_INPUT, FILE_TOO_LARGE, UPLOAD_INTERRUPTED
   */
  async upload(input: UploadDocumentInput): Promise<DocumentView> {
    const knowledgeBaseId = idOr('KNOWLEDGE_BASE_NOT_FOUND', input.knowledgeBaseId);
    const metadata = parseMetadata(input.metadata);
    if (!(await this.ingest.knowledgeBase({ id: knowledgeBaseId }))) {
      throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
    }
    const file = await input.file.catch(interrupted);
    const stored = await this.store(file);
    // From here on the file is ingest's: it removes what it doesn't take. Where its answer is lost, the document may
    // be there, so its file must stay.
    const { document } = await this.ingest.addDocument({
      knowledgeBaseId,
      file: { ...stored, fileName: cleanFileName(file.filename) },
      title: input.title ?? undefined,
      readers: input.readers ?? [],
      metadata,
    });
    return document;
  }

  private async store(file: UploadedFile) {
    const { principal, signal } = currentContext();
    const storageKey = `${principal.tenantId}/uploads/${newId()}`;
    const maxBytes = this.config.MAX_UPLOAD_BYTES;
    const stream = file.createReadStream();
    const written = await this.storage
      .write(storageKey, stream, { maxBytes, signal })
      .catch((error: unknown) => {
        if (error instanceof UserError || signal.aborted) throw error;
        return stream.errored ? interrupted(error) : Promise.reject(asError(error));
      });
    return { storageKey, ...written };
  }
}

/** What the multipart parser fails with is the client's doing: it left, or its form was no form. */
function interrupted(cause: unknown): never {
  throw new UserError('UPLOAD_INTERRUPTED', { field: 'file' }, { cause });
}

function parseMetadata(metadata: unknown): Metadata {
  if (metadata === undefined || metadata === null) return {};
  if (typeof metadata !== 'object' || Array.isArray(metadata)) {
    throw invalidInput('metadata', { en: 'expected an object', zh: '应为对象' });
  }
  return parseInput(Metadata, metadata, 'metadata');
}
