import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/** Names the machine and the process, so that a later start can tell which folders nobody uses any more. */
const PREFIX = `midplane-ingest-${hostname()}-`;

/** A folder for the files of one run of a stage, removed at the end of its block. */
export interface WorkFolder extends AsyncDisposable {
  path: string;
}

/** Makes work folders, and removes those that killed processes of this machine left behind. */
@Injectable()
export class WorkFolders implements OnModuleInit {
  async make(): Promise<WorkFolder> {
    const path = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  }

  async onModuleInit(): Promise<void> {
    const names = await readdir(tmpdir());
    for (const name of names.filter((each) => each.startsWith(PREFIX))) {
      const pid = Number(name.slice(PREFIX.length).split('-')[0]);
      if (Number.isInteger(pid) && pid > 0 && !isAlive(pid))
        await rm(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
