/** A worker process that dies over every text it is to embed. REDIS_URL and MIDPLANE_MASTER_KEY are its environment. */
import { createLogger, SecretBox } from '@midplane/kernel';
import { createInference } from '../inference.js';
import { inferenceHandlers } from '../inference.service.js';
import { InferenceWorker } from '../queue/inference-worker.js';

new InferenceWorker(
  {
    redisUrl: process.env['REDIS_URL']!,
    kinds: ['embed'],
    inHand: { interactive: 1, counting: 1, bulk: 1 },
    leaseMs: 500,
  },
  {
    ...inferenceHandlers(createInference()),
    embed: () => {
      process.kill(process.pid, 'SIGKILL');
      throw new Error('never said');
    },
  },
  new SecretBox(Buffer.from(process.env['MIDPLANE_MASTER_KEY']!, 'base64')),
  createLogger('silent', 'doomed-worker'),
);
