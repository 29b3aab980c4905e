import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@midplane/kernel';
import { writeOverlapModel, writeToneModel } from '@midplane/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInference } from '../inference.js';
import type { Device } from './device.js';
import { readModelCard } from './model-card.js';
import { ModelCatalog, SHIPPED_MODEL } from './model-catalog.js';

const SHIPPED = fileURLToPath(new URL(`../../models/${SHIPPED_MODEL}`, import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'midplane-models-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, files: Record<string, unknown>): Promise<string> {
  const root = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

const problemOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

const BERT = { model_type: 'bert', hidden_size: 8, max_position_embeddings: 512 };

describe('readModelCard', () => {
  it('believes midplane.json first', async () => {
    const root = await write('bge-small-zh-v1.5', {
      'config.json': BERT,
      'midplane.json': { prefixes: { query: 'q ', passage: 'p ' }, pooling: 'last', maxTokens: 100 },
    });
    expect(await readModelCard(root)).toEqual({
      prefixes: { query: 'q ', passage: 'p ' },
      pooling: 'last',
      maxTokens: 100,
      dimension: 8,
    });
  });

  it('reads the files of sentence-transformers', async () => {
    const root = await write('some-model', {
      'config.json': { ...BERT, model_type: 'xlm-roberta', max_position_embeddings: 514 },
      'modules.json': [
        { type: 'sentence_transformers.models.Transformer', path: '' },
        { type: 'sentence_transformers.models.Pooling', path: '1_Pooling' },
      ],
      '1_Pooling/config.json': { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false },
      'config_sentence_transformers.json': { prompts: { query: 'ask: ', document: 'doc: ' } },
      'sentence_bert_config.json': { max_seq_length: 8192 },
    });
    expect(await readModelCard(root)).toEqual({
      prefixes: { query: 'ask: ', passage: 'doc: ' },
      pooling: 'cls',
      maxTokens: 512,
      dimension: 8,
    });
  });

  it.each([
    ['multilingual-e5-base', 'query: ', 'passage: ', 'mean'],
    ['bge-small-zh-v1.5', '为这个句子生成表示以用于检索相关文章：', '', 'cls'],
    ['bge-m3', '', '', 'cls'],
    ['nomic-embed-text-v1.5', 'search_query: ', 'search_document: ', 'mean'],
    ['all-MiniLM-L6-v2', '', '', 'mean'],
  ])('knows what the files of %s leave out', async (name, query, passage, pooling) => {
    const root = await write(name, { 'config.json': BERT });
    expect(await readModelCard(root)).toMatchObject({
      prefixes: { query, passage },
      pooling,
      maxTokens: 512,
    });
  });

  it('names the file that is wrong', async () => {
    const root = await write('broken', { 'config.json': BERT, 'midplane.json': { pooling: 'median' } });
    await expect(readModelCard(root)).rejects.toThrow(/broken\/midplane\.json is wrong:[\s\S]*pooling/);
  });

  it('refuses a layer that it would leave out', async () => {
    const root = await write('dense', {
      'config.json': BERT,
      'modules.json': [{ type: 'sentence_transformers.models.Dense', path: '2_Dense' }],
    });
    await expect(readModelCard(root)).rejects.toThrow('dense layer');
  });
});

describe('ModelCatalog', () => {
  it('lists the shipped model and those of the folder, and leaves out what is no embedder', async () => {
    await cp(SHIPPED, join(folder, 'copied'), { recursive: true });
    await cp(SHIPPED, join(folder, 'some-org/nested'), { recursive: true });
    await write('not-a-model', { 'config.json': BERT, 'onnx/readme.txt': '' });
    const names = (await new ModelCatalog({ modelsDir: folder }).list('embed')).map(
      ({ description }) => description.name,
    );
    expect(names).toEqual([SHIPPED_MODEL, 'copied', 'some-org/nested']);
  });

  it('gives the same weights another revision when they are used in another way', async () => {
    await cp(SHIPPED, join(folder, 'same'), { recursive: true });
    await cp(SHIPPED, join(folder, 'other'), { recursive: true });
    await writeFile(join(folder, 'other/midplane.json'), JSON.stringify({ pooling: 'cls' }));
    const catalog = new ModelCatalog({ modelsDir: folder });
    const shipped = (await catalog.find(SHIPPED_MODEL, 'embed')).description.revision;
    expect((await catalog.find('same', 'embed')).description.revision).toBe(shipped);
    expect((await catalog.find('other', 'embed')).description.revision).not.toBe(shipped);
  });

  it('remembers hashes between starts, and takes them again where a file has changed', async () => {
    await cp(SHIPPED, join(folder, 'models/mine'), { recursive: true });
    const hashMemory = join(folder, 'hashes.json');
    const find = async (): Promise<string> =>
      (await new ModelCatalog({ modelsDir: join(folder, 'models'), hashMemory }).find('mine', 'embed'))
        .description.revision;
    const before = await find();
    expect(JSON.stringify(JSON.parse(await readFile(hashMemory, 'utf8')))).toContain('mine/tokenizer.json');
    expect(await find()).toBe(before);
    await writeFile(join(folder, 'models/mine/tokenizer_config.json'), '{}');
    expect(await find()).not.toBe(before);
  });

  it.each(['nowhere', '../multilingual-e5-small-zh-en', '/etc', 'a/b/c', ''])(
    'says what there is and how to get others instead of %j',
    async (model) => {
      expect(await problemOf(new ModelCatalog({ modelsDir: folder }).find(model, 'embed'))).toMatchObject({
        code: 'MODEL_NOT_FOUND',
        params: { model, available: SHIPPED_MODEL },
      });
    },
  );

  it('says what is wrong with a model whose files are damaged', async () => {
    await write('damaged', { 'config.json': '{', 'tokenizer.json': '{}', 'onnx/model.onnx': '' });
    expect(await problemOf(new ModelCatalog({ modelsDir: folder }).find('damaged', 'embed'))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringContaining('config.json is wrong') as string },
    });
  });
});

describe('weights in several precisions', () => {
  const catalog = (device: Device) => new ModelCatalog({ modelsDir: folder, device });

  it('are taken as is best on the device, those of a classifier', async () => {
    const classifier = join(folder, 'labels');
    await writeOverlapModel(classifier, { tokenizer: SHIPPED, labels: ['calm', 'repetitive'] });
    await cp(join(classifier, 'onnx/model.onnx'), join(classifier, 'onnx/model_quantized.onnx'));
    expect((await catalog('cpu').find('labels', 'classify')).dtype).toBe('q8');
    expect((await catalog('cuda').find('labels', 'classify')).dtype).toBe('fp32');
  });

  it('and those of each graph of a speech model', async () => {
    const onnx = join(folder, 'tones/onnx');
    await writeToneModel(join(folder, 'tones'));
    await cp(join(onnx, 'encoder_model.onnx'), join(onnx, 'encoder_model_fp16.onnx'));
    await cp(join(onnx, 'decoder_model_merged.onnx'), join(onnx, 'decoder_model_merged_quantized.onnx'));
    expect((await catalog('cpu').find('tones', 'transcribe')).card.dtypes).toEqual({
      encoder_model: 'fp32',
      decoder_model_merged: 'q8',
    });
    expect((await catalog('webgpu').find('tones', 'transcribe')).card.dtypes).toEqual({
      encoder_model: 'fp16',
      decoder_model_merged: 'fp32',
    });
  });
});

describe('a hub', () => {
  let server: Server;
  let endpoint: string;
  let answer: (path: string) => Promise<Buffer | number | 'cut off'>;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    answer = async (path) => {
      const file = /^\/org\/e5-tiny\/resolve\/main\/(.*)$/.exec(path)?.[1];
      return file ? readFile(join(SHIPPED, file)).catch(() => 404) : 401;
    };
    server = createServer((request, response) => {
      asked.push(request.url!);
      void answer(request.url!).then((content) => {
        if (typeof content === 'number') return response.writeHead(content).end();
        if (content !== 'cut off') return response.end(content);
        response.writeHead(200, { 'content-length': 1000 }).write('{');
        setImmediate(() => response.destroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('gives a model once, which is then on disk', async () => {
    const hub = { endpoint, folder: join(folder, 'hub') };
    const inference = createInference({ model: 'org/e5-tiny', hub });
    const { model } = await inference.embed({ role: 'query', urgency: 'interactive', texts: ['hello'] });
    expect(model).toMatchObject({ name: 'org/e5-tiny', dimension: 384 });
    await inference.close();
    const requests = asked.length;
    await new ModelCatalog({ hub }).find('org/e5-tiny', 'embed');
    expect(asked).toHaveLength(requests);
  });

  it('is asked once for a model that several want at the same time', async () => {
    const catalog = new ModelCatalog({ hub: { endpoint, folder: join(folder, 'hub') } });
    const found = await Promise.all([1, 2, 3].map(() => catalog.find('org/e5-tiny', 'embed')));
    expect(new Set(found.map(({ description }) => description.revision)).size).toBe(1);
    expect(asked.filter((path) => path.endsWith('/config.json'))).toEqual([
      '/org/e5-tiny/resolve/main/config.json',
      '/org/e5-tiny/resolve/main/1_Pooling/config.json',
    ]);
  });

  it('is not asked for a model where that is not allowed', async () => {
    expect(await problemOf(new ModelCatalog({}).find('org/e5-tiny', 'embed'))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    expect(asked).toEqual([]);
  });

  it('that has no such model means MODEL_NOT_FOUND', async () => {
    const hub = { endpoint, folder };
    expect(await problemOf(new ModelCatalog({ hub }).find('org/other', 'embed'))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });

  it.each(['cut off', 500] as const)('that answers with %s leaves no half model behind', async (failure) => {
    const whole = answer;
    answer = (path) => (path.endsWith('.onnx') ? Promise.resolve(failure) : whole(path));
    const hub = { endpoint, folder };
    expect(await problemOf(new ModelCatalog({ hub }).find('org/e5-tiny', 'embed'))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: expect.stringContaining(new URL(endpoint).host) as string },
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

// Weights that are not part of the project; without them the test is skipped.
const OTHER_MODELS = fileURLToPath(new URL('../../../../../shared/models', import.meta.url));

describe('another model of MODELS_DIR', () => {
  const inference = createInference({ modelsDir: OTHER_MODELS, modelsLoaded: 1 });
  afterAll(() => inference.close());

  it.skipIf(!existsSync(join(OTHER_MODELS, 'bge-small-zh-v1.5')))(
    'is used by name, with its own dimension and prefix, and takes the place of the one before',
    async () => {
      const ask = (model?: string) =>
        inference.embed({ model, role: 'query', urgency: 'interactive', texts: ['年假有几天？'] });
      const shipped = await ask();
      const bge = await ask('bge-small-zh-v1.5');
      expect(bge.model.dimension).toBe(512);
      expect(bge.vectors[0]).toHaveLength(512);
      expect(Object.keys(await inference.load())).toEqual(['bge-small-zh-v1.5', 'ocr']);

      const { vectors } = await inference.embed({
        model: 'bge-small-zh-v1.5',
        role: 'passage',
        urgency: 'bulk',
        texts: ['食堂每天中午十二点开放。', '员工每年享有十五天带薪年休假。'],
      });
      const scores = vectors.map((vector) => vector.reduce((sum, x, i) => sum + x * bge.vectors[0]![i]!, 0));
      expect(scores[1]).toBeGreaterThan(scores[0]!);
      expect((await ask()).vectors).toEqual(shipped.vectors);
      const models = (await inference.embeddingModels()).map(({ name }) => name);
      expect(models).toEqual([SHIPPED_MODEL, 'bge-small-zh-v1.5']);
    },
  );
});
