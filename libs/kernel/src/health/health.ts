/** Whether one dependency answers. */
export interface DependencyState {
  name: string;
  up: boolean;
  /** What is wrong, without addresses or secrets; undefined where it is up. */
  reason?: string;
}

/** Longest that a dependency may take to answer, in ms. */
const TIMEOUT_MS = 2_000;

type Check = (signal: AbortSignal) => Promise<unknown>;

/** The dependencies of this process, and how each is asked whether it is there. */
export class Health {
  private readonly checks = new Map<string, { check: Check; needed: boolean }>();

  /**
   * @param check resolves where the dependency is up; what it throws is not shown, only logged by who asks
   * @param needed false where requests are answered without it as well: it is then shown, and nothing more
   */
  add(name: string, check: Check, { needed = true } = {}): void {
    this.checks.set(name, { check, needed });
  }

  /** Asks every dependency at once. Never throws. */
  async ready(): Promise<{ ready: boolean; dependencies: DependencyState[] }> {
    const dependencies = await Promise.all([...this.checks].map(([name, { check }]) => ask(name, check)));
    const ready = dependencies.every(({ name, up }) => up || !this.checks.get(name)?.needed);
    return { ready, dependencies };
  }
}

async function ask(name: string, check: Check): Promise<DependencyState> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('late')), { once: true }),
  );
  try {
    await Promise.race([check(signal), late]);
    return { name, up: true };
  } catch {
    return { name, up: false, reason: signal.aborted ? 'does not answer in time' : 'cannot be reached' };
  }
}
