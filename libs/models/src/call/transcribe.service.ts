import type { Transcript, TranscribeInput } from '@midplane/contracts';
import { estimateTokens, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { InferenceCalls } from './inference-calls.js';

type Transcribed = Transcript & { model: string; version: string; upstreamMs: number };

/** Has speech written down for applications. */
@Injectable()
export class TranscribeService {
  private readonly inference: ServiceClient<'inference'>;

  constructor(
    services: ServiceRegistry,
    private readonly calls: InferenceCalls,
  ) {
    this.inference = services.client('inference');
  }

  /** @throws UserError as the inference contract's `transcribe`, MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT, FORBIDDEN */
  transcribe(input: z.output<typeof TranscribeInput>): Promise<Transcribed> {
    // What will be said is not known before: a limit on tokens is charged with what was.
    const call = { kind: 'TRANSCRIBE', askedFor: input.model, tokens: 0 } as const;
    return this.calls.run(call, async (clock) => {
      const { model, ...transcript } = await clock.during(
        this.inference.transcribe({ ...input, urgency: 'interactive' }),
      );
      return {
        used: {
          model: model.name,
          revision: model.revision,
          promptTokens: 0,
          completionTokens: estimateTokens(transcript.text),
          usageEstimated: true,
        },
        found: { ...transcript, model: model.name, version: model.revision },
      };
    });
  }
}
