import { basename } from 'node:path';
import logUpdate from 'log-update';
import type { DocumentStatus } from '../client/documents.js';
import type { LocalFile } from '../commands/files.js';
import { say } from '../messages.js';
import { bar, bytes, paint } from './terminal.js';

/** Most documents shown at once; the rest is in the counts. */
const MOST_LINES = 8;

interface Item {
  size: number;
  sent: number;
  status?: DocumentStatus;
  progress: number;
  finished: boolean;
}

/** Draws the bytes on their way and the stage of each document, several times a second, in place. */
export class UploadProgress {
  private readonly items: Map<string, Item>;
  private readonly timer?: NodeJS.Timeout;

  /** @param draw false: nothing is drawn, only counted */
  constructor(files: LocalFile[], draw: boolean) {
    this.items = new Map(
      files.map(({ path, size }) => [path, { size, sent: 0, progress: 0, finished: false }]),
    );
    if (draw) this.timer = setInterval(() => logUpdate(this.lines().join('\n')), 120);
  }

  sent(path: string, count: number): void {
    const item = this.items.get(path);
    if (item) item.sent += count;
  }

  stage(path: string, status: DocumentStatus, progress: number): void {
    const item = this.items.get(path);
    if (item) Object.assign(item, { status, progress });
  }

  finished(path: string): void {
    const item = this.items.get(path);
    if (item) item.finished = true;
  }

  /** Ends the drawing and clears what it drew. */
  close(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    logUpdate.clear();
    logUpdate.done();
  }

  private lines(): string[] {
    const all = [...this.items.entries()];
    const done = all.filter(([, item]) => item.finished).length;
    const allBytes = all.reduce((sum, [, item]) => sum + item.size, 0);
    const sentBytes = all.reduce((sum, [, item]) => sum + (item.finished ? item.size : item.sent), 0);
    const running = all
      .filter(([, item]) => !item.finished && (item.sent > 0 || item.status))
      .slice(0, MOST_LINES);
    return [
      say('uploading', { done, total: all.length, bytes: bytes(sentBytes), allBytes: bytes(allBytes) }),
      ...running.map(([path, item]) =>
        item.status
          ? `${bar(item.progress)} ${item.status.toLowerCase().padEnd(9)} ${basename(path)}`
          : `${bar(item.size ? item.sent / item.size : 1)} ${paint.dim(bytes(item.sent).padEnd(9))} ${basename(path)}`,
      ),
    ];
  }
}
