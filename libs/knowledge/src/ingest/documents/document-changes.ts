import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/**
 * Says within this process that a document of a knowledge base has changed, so that who follows it looks at once.
 * Nothing depends on it: what changed in another process is found by looking again after a while.
 */
@Injectable()
export class DocumentChanges {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** To be called after the transaction that changed it. */
  poke(knowledgeBaseId: string): void {
    this.emitter.emit(knowledgeBaseId);
  }

  /**
   * Follows a knowledge base.
   * @returns `next` waits for the next change since the last call, at most `ms`, or until the signal aborts
   */
  follow(knowledgeBaseId: string): { next(ms: number, signal: AbortSignal): Promise<void>; stop(): void } {
    let changed = false;
    let wake: (() => void) | undefined;
    const listener = () => {
      changed = true;
      wake?.();
    };
    this.emitter.on(knowledgeBaseId, listener);
    return {
      next: (ms, signal) =>
        new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            wake = undefined;
            changed = false;
            resolve();
          };
          const timer = setTimeout(done, ms);
          if (changed || signal.aborted) return done();
          wake = done;
          signal.addEventListener('abort', done);
        }),
      stop: () => this.emitter.off(knowledgeBaseId, listener),
    };
  }
}
