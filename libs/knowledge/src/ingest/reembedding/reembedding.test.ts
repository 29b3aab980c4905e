import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '@midplane/kernel';
import {
  asPrincipal,
  bookPages,
  bookReference,
  createKnowledgeBase,
  createPrincipal,
  ingestDocument,
  makePdf,
  settledDocument,
  type TestModules,
  uploadDocument,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BootedKnowledge, bootKnowledge } from '../../testing/boot-knowledge.js';

const MODELS = join(import.meta.dirname, '../../../../../../shared/models');
const SECOND_MODEL = 'bge-small-zh-v1.5';

vi.setConfig({ testTimeout: 240_000 });

describe.skipIf(!existsSync(join(MODELS, SECOND_MODEL)))(
  'a knowledge base that moves to another embedder (skipped where ../shared/models is missing)',
  () => {
    let modules: TestModules;
    let admin: Principal;
    let query: BootedKnowledge['query'];

    beforeAll(async () => {
      ({ modules, admin, query } = await bootKnowledge({
        inference: { modelsDir: MODELS },
        env: { REEMBED_GRACE_SECONDS: '5' },
      }));
    });
    afterAll(() => modules?.close());

    const ingest = () => modules.kernel.registry.client('ingest');
    const book = (seed: number) => makePdf({ pages: bookPages({ pages: 6, seed }) });

    test('is searched all the time, and has the new vectors only at the end', () =>
      asPrincipal(admin, async () => {
        const base = await createKnowledgeBase(modules.kernel);
        const upload = { knowledgeBaseId: base.id, fileName: 'book.pdf' };
        const early = await ingestDocument(modules.kernel, { ...upload, content: book(1) });
        const first = base.embeddingModel;
        await ingest().setRanking({ id: base.id, ranking: { lexicalWeight: 0.9, coverage: 1 } });

        const moving = await ingest().reembedKnowledgeBase({ id: base.id, embeddingModel: SECOND_MODEL });
        expect(moving.embeddingModel).toBe(first);
        await expect(
          ingest().reembedKnowledgeBase({ id: base.id, embeddingModel: SECOND_MODEL }),
        ).rejects.toMatchObject({ problem: { code: 'KNOWLEDGE_BASE_BUSY' } });
        // Arrives while the base is moving.
        const { document: late } = await uploadDocument(modules.kernel, { ...upload, content: book(2) });

        const models = new Set<string>();
        const pending = () => query(`select from job where status in ('PENDING', 'RUNNING')`, []);
        while ((await pending()).length > 0) {
          const result = await modules.kernel.registry.client('retrieval').search({
            query: `The reference of page 3 is ${bookReference(3)}`,
            knowledgeBaseIds: [base.id],
            mode: 'VECTOR',
          });
          expect(result.hits.map((hit) => hit.documentId)).toContain(early.id);
          models.add(result.embeddingModel);
          await sleep(20);
        }
        expect([first, SECOND_MODEL]).toEqual(expect.arrayContaining([...models]));
        expect(await ingest().knowledgeBase({ id: base.id })).toMatchObject({
          embeddingModel: SECOND_MODEL,
          ranking: null,
        });

        const ready = await settledDocument(modules.kernel, late.id);
        expect(ready.status).toBe('READY');
        const vectors = await query(
          `select document_id, dimension, count(*)::int as count from chunk_vector
           where knowledge_base_id = $1 group by document_id, dimension order by document_id`,
          [base.id],
        );
        expect(vectors).toEqual([
          { document_id: early.id, dimension: 512, count: early.chunkCount },
          { document_id: late.id, dimension: 512, count: ready.chunkCount },
        ]);
        const { hits, embeddingModel } = await modules.kernel.registry
          .client('retrieval')
          .search({ query: 'What is the reference of page 5?', knowledgeBaseIds: [base.id], mode: 'VECTOR' });
        expect(embeddingModel).toBe(SECOND_MODEL);
        expect(hits.length).toBeGreaterThan(0);
      }));

    test('to the one that it has stays as it is', () =>
      asPrincipal(admin, async () => {
        const base = await createKnowledgeBase(modules.kernel);
        const same = await ingest().reembedKnowledgeBase({
          id: base.id,
          embeddingModel: base.embeddingModel,
        });
        expect(same).toEqual(base);
        expect(await query(`select from job where payload ->> 'knowledgeBaseId' = $1`, [base.id])).toEqual(
          [],
        );
      }));

    test('must be there, must not be another tenant’s, and the embedder too', async () => {
      const stranger = await createPrincipal(modules.kernel.database, { roles: ['administrator'] });
      const application = await createPrincipal(modules.kernel.database, {
        tenantId: admin.tenantId,
        roles: ['application'],
      });
      const base = await asPrincipal(admin, () => createKnowledgeBase(modules.kernel));
      const move = (principal: Principal, embeddingModel: string) =>
        asPrincipal(principal, () => ingest().reembedKnowledgeBase({ id: base.id, embeddingModel }));
      await expect(move(admin, 'none')).rejects.toMatchObject({ problem: { code: 'MODEL_NOT_FOUND' } });
      await expect(move(application, SECOND_MODEL)).rejects.toMatchObject({ problem: { code: 'FORBIDDEN' } });
      await expect(move(stranger, SECOND_MODEL)).rejects.toMatchObject({
        problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
      });
    });
  },
);
