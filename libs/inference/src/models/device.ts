import { ConfigError } from '@midplane/kernel';
import type { BatchSize } from './batches.js';

/** What local models can run on. */
export const DEVICES = ['cpu', 'cuda', 'webgpu'] as const;
export type Device = (typeof DEVICES)[number];

/** How texts are put together for a model. */
export interface Batching {
  /** Tokens of one batch, padding counted; 0: one text at a time. */
  tokens: number;
  /** The same for texts that are embedded in bulk. */
  bulk: BatchSize;
  /** How long a batch that is not full waits for texts of other calls, in ms; undefined: calls share none. */
  waitMs: number | undefined;
}

/** A few thousand tokens keep a GPU busy; with four times as many a question waits for tens of milliseconds at most. */
const GPU_BATCH_TOKENS = 16_384;
const GATHERING_MS = 3;

/**
 * On a CPU short texts are embedded faster together. Texts a second by how many go together, on two cores:
 *
 * | tokens | alone | 2    | 4    | 6    | 8    | 16   | taken    |
 * |--------|-------|------|------|------|------|------|----------|
 * | 16     | 200   | 258  | 309  | 345  | 359  | 420  | up to 32 |
 * | 64     | 81    | 97   | 111  | 120  | 121  | 123  | 7        |
 * | 100    | 58    | 68   | 75   | 76   | 77   | 76   | 5        |
 * | 200    | 31.6  | 34.6 | 34.7 | 33.6 | 31.8 | 31.7 | alone    |
 *
 * Their vectors then depend a little on their neighbours (cosine .995 at least), since int8 activations are scaled over
 * the whole batch. So a question, which is to find the same each time, stays alone, and a passage, too: with pairs of
 * passages Recall@1 of English questions in Chinese passages fell from .859 to .845 (XQuAD). Texts of different calls,
 * which may be of different tenants, are not put together.
 */
const CPU_BULK: BatchSize = { tokens: 512, longest: 128 };

/** @param wanted what is missing is right for the device */
export function batchingOn(
  device: Device,
  { tokens, waitMs = GATHERING_MS }: { tokens?: number | undefined; waitMs?: number } = {},
): Batching {
  const cpu = device === 'cpu';
  return {
    tokens: tokens ?? (cpu ? 0 : GPU_BATCH_TOKENS),
    bulk: cpu && tokens === undefined ? CPU_BULK : { tokens: tokens ?? GPU_BATCH_TOKENS },
    waitMs: cpu && tokens === undefined ? undefined : waitMs,
  };
}

/** An ONNX graph of one node that gives back what it is given (IR 8, opset 13): the least that a device can run. */
const IDENTITY = Buffer.from(
  'CAhCAhANOjcKEAoBeBIBeSIISWRlbnRpdHkSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggB',
  'base64',
);

/** What is to be done where a device is not there. */
const REMEDIES: Record<Exclude<Device, 'cpu'>, { en: string; zh: string }> = {
  cuda: {
    en: 'It needs Linux on x64, an NVIDIA driver, CUDA 12 with cuDNN 9, and ONNX Runtime’s CUDA libraries (ONNXRUNTIME_NODE_INSTALL=true npm rebuild onnxruntime-node); the target gpu of docker/Dockerfile is an image that has them.',
    zh: '需要 Linux x64、NVIDIA 驱动、CUDA 12 与 cuDNN 9，以及 ONNX Runtime 的 CUDA 库（ONNXRUNTIME_NODE_INSTALL=true npm rebuild onnxruntime-node）；docker/Dockerfile 的 gpu 目标即包含它们的镜像。',
  },
  webgpu: {
    en: 'It needs a GPU with a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) that this process can reach.',
    zh: '需要本进程可访问的 GPU，以及 Vulkan（Linux）、Direct3D 12（Windows）或 Metal（macOS）驱动。',
  },
};

/**
 * Tries a device out, so that a worker without one stops at its start and not at its first text.
 * @throws ConfigError that says what to do where it is not there
 */
export async function checkDevice(device: Device): Promise<void> {
  if (device === 'cpu') return;
  try {
    // Loaded here alone: models have threads of their own for it.
    const { InferenceSession } = await import('onnxruntime-node');
    const session = await InferenceSession.create(IDENTITY, {
      executionProviders: [device],
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (error) {
    const { en, zh } = REMEDIES[device];
    const [reason] = (error as Error).message.split('\n');
    throw new ConfigError(
      `INFERENCE_DEVICE=${device}: this machine cannot run models on it (${reason}). ${en} INFERENCE_DEVICE=cpu works everywhere.\n` +
        `INFERENCE_DEVICE=${device}：本机无法在该设备上运行模型（${reason}）。${zh} INFERENCE_DEVICE=cpu 在任何机器上都可用。`,
      { cause: error },
    );
  }
}
