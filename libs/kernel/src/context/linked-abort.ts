/**
 * A signal that aborts when another one does, or when its owner says so. `AbortSignal.any` does the same through weak
 * references that the garbage collector has to follow; this one is let go of when what it was for has ended.
 *
 * Its listener is bound, and no arrow function: V8 makes `this.follow = () => …`, which a field with an arrow function
 * becomes, among its old objects, where it keeps all that it knows until the next full collection. With each call that
 * was the call with everything in it.
 */
export class LinkedAbort {
  private readonly controller = new AbortController();
  private readonly follow = this.abortWithParent.bind(this);

  constructor(private readonly parent: AbortSignal) {
    if (parent.aborted) this.follow();
    else parent.addEventListener('abort', this.follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborts, unless it is released or aborted already. @param reason made only then: an error is dear to make */
  abort(reason: () => unknown): void {
    if (this.released || this.signal.aborted) return;
    this.release();
    this.controller.abort(reason());
  }

  /** Ends it: nothing aborts any more. */
  release(): void {
    this.released = true;
    this.parent.removeEventListener('abort', this.follow);
  }

  private released = false;

  private abortWithParent(): void {
    this.controller.abort(this.parent.reason);
  }
}
