import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInference, type Inference } from '@midplane/inference';
import { decodeVector, encodeVector } from '@midplane/contracts';
import {
  currentContext,
  type Kernel,
  kernelConfig,
  KernelModule,
  openKernel,
  readConfig,
  type ServiceHandlers,
  ServiceRegistry,
} from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { addPassages } from '../passages.js';
import { embedPassages } from '../vector-cache.js';

/**
 * The platform in this process: on the database of DATABASE_URL, which should be an empty one, or else on an embedded
 * one. A text is embedded once, however often it is asked for.
 */
export async function startPlatform(): Promise<{ kernel: Kernel; close(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'midplane-eval-'));
  const environment = { LOG_LEVEL: 'error', ...process.env, MIDPLANE_HOME: home };
  const config = readConfig(environment, kernelConfig, ingestConfig, modelsConfig);
  const kernel = await openKernel({
    service: 'eval',
    config,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
  });
  const inference = createInference();
  const imports = [
    KernelModule.forRoot(kernel),
    RememberingInferenceModule.forRoot(inference),
    IngestModule.forRoot(config),
    RetrievalModule,
    ModelsModule.forRoot(config),
    SessionsModule,
  ];
  const app = await NestFactory.createApplicationContext({ module: EvalModule, imports }, { logger: false });
  await kernel.jobs.start(kernel.registry.served());
  return {
    kernel,
    close: async () => {
      await kernel.jobs.stop();
      await app.close();
      await inference.close();
      await kernel.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

@Module({})
class EvalModule {}

/** Makes a knowledge base of passages, one chunk each. @returns its id and the chunks' ids, in order */
export async function loadPassages(
  kernel: Kernel,
  name: string,
  passages: string[],
): Promise<{ knowledgeBaseId: string; chunkIds: string[] }> {
  const inference = kernel.registry.client('inference');
  const [model] = await inference.embeddingModels();
  const embed = async (texts: string[]) =>
    (await inference.embed({ model: model!.name, role: 'passage', urgency: 'bulk', texts })).vectors.map(
      decodeVector,
    );
  const vectors = await embedPassages(model!, passages, embed);
  return addPassages(kernel.database, name, model!, passages, vectors);
}

@Module({})
class RememberingInferenceModule {
  static forRoot(inference: Inference): DynamicModule {
    return {
      module: RememberingInferenceModule,
      providers: [
        {
          provide: 'remembering-inference',
          inject: [ServiceRegistry],
          useFactory: (registry: ServiceRegistry) => registry.serve('inference', remembering(inference)),
        },
      ],
    };
  }
}

/** The inference service, with the vectors of texts that were embedded before kept. */
function remembering(inference: Inference): ServiceHandlers<'inference'> {
  const known = new Map<string, string>();
  return {
    embeddingModels: () => inference.embeddingModels(),
    countTokens: (input) => inference.countTokens({ ...input, signal: currentContext().signal }),
    ocr: async ({ image }) => ({ lines: await inference.ocr({ image }) }),
    embed: async ({ texts, ...request }) => {
      const { urgency: _, ...kind } = request;
      const keys = texts.map((text) =>
        createHash('sha1')
          .update(JSON.stringify([kind, text]))
          .digest('base64'),
      );
      const missing = [...new Set(keys)].filter((key) => !known.has(key));
      const { model, vectors } = await inference.embed({
        ...request,
        texts: missing.length > 0 ? missing.map((key) => texts[keys.indexOf(key)]!) : texts.slice(0, 1),
      });
      missing.forEach((key, i) => known.set(key, encodeVector(vectors[i]!)));
      return { model, vectors: keys.map((key) => known.get(key)!) };
    },
  };
}
