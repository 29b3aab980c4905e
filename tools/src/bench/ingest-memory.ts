import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 100;

/** Most memory seen, in bytes. */
export interface PeakMemory {
  /** Of the process itself. */
  process: number;
  /** Of the process and all its descendants together; pages that they share are counted in each. */
  tree: number;
}

/** Watches the resident memory of a process and its descendants in /proc. */
export class MemoryWatch {
  private peak: PeakMemory = { process: 0, tree: 0 };
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  /** @returns the peaks since the start or the last call */
  take(): PeakMemory {
    this.sample();
    const peak = this.peak;
    this.peak = { process: 0, tree: 0 };
    return peak;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    const children = childrenByParent();
    const residents = (pid: number): number =>
      residentBytes(pid) + (children.get(pid) ?? []).reduce((sum, child) => sum + residents(child), 0);
    this.peak.process = Math.max(this.peak.process, residentBytes(this.pid));
    this.peak.tree = Math.max(this.peak.tree, residents(this.pid));
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    // "pid (name) state ppid": the name may hold anything, spaces and brackets too.
    const parent = Number(
      read(`/proc/${name}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** @returns the file, or nothing where the process has ended */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
