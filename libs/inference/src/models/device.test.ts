import { ConfigError } from '@midplane/kernel';
import { describe, expect, it } from 'vitest';
import { batchingOn, checkDevice } from './device.js';

describe('batchingOn', () => {
  it('is one text at a time on a CPU, and by tokens elsewhere, unless told otherwise', () => {
    expect(batchingOn('cpu').tokens).toBe(0);
    expect(batchingOn('cuda').tokens).toBeGreaterThan(1000);
    expect(batchingOn('cpu', { tokens: 512, waitMs: 1 })).toEqual({
      tokens: 512,
      bulk: { tokens: 512 },
      waitMs: 1,
    });
    expect(batchingOn('webgpu', { tokens: 0 }).tokens).toBe(0);
  });
});

describe('checkDevice', () => {
  it('finds the CPU everywhere', async () => {
    await expect(checkDevice('cpu')).resolves.toBeUndefined();
  });

  // What the machine of the tests has not: it has it, or the error says what to do.
  it.each(['cuda', 'webgpu'] as const)(
    'says what to do where %s is not there, in both languages',
    async (device) => {
      const error = await checkDevice(device).catch((thrown: unknown) => thrown);
      if (error === undefined) return;
      expect(error).toBeInstanceOf(ConfigError);
      const { message } = error as ConfigError;
      expect(message).toContain(`INFERENCE_DEVICE=${device}: `);
      expect(message).toContain(`INFERENCE_DEVICE=${device}：`);
      expect(message).toContain('INFERENCE_DEVICE=cpu');
    },
  );
});
