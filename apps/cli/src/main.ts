import { Command } from 'commander';
import { ask } from './commands/ask.js';
import { deleteDocument, retry } from './commands/documents.js';
import { indexes, type IndexOptions } from './commands/indexes.js';
import { createKey, listKeys, revokeKey } from './commands/keys.js';
import { search } from './commands/search.js';
import { status } from './commands/status.js';
import { createTenant, listTenants } from './commands/tenants.js';
import { tune, type TuneOptions } from './commands/tune.js';
import { upload } from './commands/upload.js';
import { Client, CommandError } from './client/client.js';
import { OperatorClient } from './client/operator.js';
import { paint } from './output/terminal.js';

// Who reads our output may have seen enough (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const run = (command: (client: Client) => Promise<number>): Promise<void> =>
  report(async () => command(await Client.fromEnvironment()));

const runAsOperator = (command: (client: OperatorClient) => Promise<number>): Promise<void> =>
  report(async () => command(await OperatorClient.fromEnvironment()));

/** Ends with the command's exit code, or with 1 and the message where it failed. */
async function report(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${paint.red(error.message)}\n`);
    process.exitCode = 1;
  }
}

const program = new Command('midplane')
  .description('Upload documents, ask and search, see what is going on. 上传文档、提问、检索、查看状态。')
  .addHelpText(
    'after',
    '\nEnvironment: MIDPLANE_URL (default http://127.0.0.1:3000), MIDPLANE_KEY (default: .midplane/admin.key);\nfor tenants MIDPLANE_MASTER_KEY (default: .midplane/master.key)',
  );

program
  .command('upload')
  .description('upload files and folders; what is there already is left out')
  .argument('<path...>')
  .option('--kb <name>', 'knowledge base; it is made where it is missing')
  .option('--watch', 'go on, and upload what is added or changed')
  .option('--json', 'print JSON')
  .action((paths: string[], options: { kb?: string; watch?: boolean; json?: boolean }) =>
    run((client) => upload(client, paths, options)),
  );

program
  .command('ask')
  .description('ask a question; the answer cites page and passage')
  .argument('<question>')
  .option('--kb <name>', 'knowledge base (default: all)')
  .option('--conversation <id>', 'go on with a conversation')
  .option('--json', 'print JSON')
  .action((question: string, options: { kb?: string; conversation?: string; json?: boolean }) =>
    run((client) => ask(client, question, options)),
  );

program
  .command('search')
  .description('show the passages that a question finds, with score and trace')
  .argument('<query>')
  .option('--kb <name>', 'knowledge base (default: all)')
  .option('--top <n>', 'how many', Number)
  .option('--no-named-filters', 'search all documents and pages, whatever the query names')
  .option('--json', 'print JSON')
  .action((query: string, options: { kb?: string; top?: number; json?: boolean; namedFilters: boolean }) =>
    run((client) => search(client, query, options)),
  );

program
  .command('status')
  .description('documents by stage, queues, workers, models, disk')
  .option('--json', 'print JSON')
  .action((options: { json?: boolean }) => run((client) => status(client, options)));

program
  .command('tune')
  .description(
    'fit the ranking of a knowledge base to rated questions; shows before and after on held-out ones. 按已评价的问题拟合排序参数',
  )
  .argument('<knowledge base>', 'name or id')
  .option(
    '--questions <file>',
    'JSON Lines or CSV: question, and documentTitle, documentId, page or text of the right passage (default: answers that users rated up)',
  )
  .option('--apply', 'keep what was fitted, where it is better')
  .option('--reset', 'give back the default ranking')
  .option('--json', 'print JSON')
  .action((base: string, options: TuneOptions) => run((client) => tune(client, base, options)));

program
  .command('retry')
  .description('start failed documents again at the stage that failed (default: all of them)')
  .argument('[document...]', 'id or title')
  .option('--json', 'print JSON')
  .action((documents: string[], options: { json?: boolean }) =>
    run((client) => retry(client, documents, options)),
  );

program
  .command('delete')
  .description('erase a document, with the proof that nothing is left')
  .argument('<document>', 'id or title')
  .option('--json', 'print JSON')
  .action((document: string, options: { json?: boolean }) =>
    run((client) => deleteDocument(client, document, options)),
  );

program
  .command('index')
  .description(
    'the indexes of the search and their state, for the operator: by DATABASE_URL, as the role that owns the tables. 检索索引的状态与构建',
  )
  .argument('[name...]', 'default: all')
  .option('--build', 'build what is missing, broken or built with other settings, while searches go on')
  .option('--rebuild', 'build what is ready as well')
  .option(
    '--memory <size>',
    'maintenance_work_mem of the build, such as 8GB: best where the graph fits into it',
  )
  .option('--workers <n>', 'processes that help', Number)
  .option('--json', 'print JSON')
  .action((names: string[], options: IndexOptions) => report(() => indexes(names, options)));

const keys = program.command('keys').description('API keys');
keys
  .command('create')
  .argument('<name>')
  .option('--role <role...>', 'what it may do', ['application'])
  .option('--expires <time>', 'when it ends, such as 2027-01-31')
  .option('--json', 'print JSON')
  .action((name: string, options: { role: string[]; expires?: string; json?: boolean }) =>
    run((client) => createKey(client, name, options)),
  );
keys
  .command('list')
  .option('--json', 'print JSON')
  .action((options: { json?: boolean }) => run((client) => listKeys(client, options)));
keys
  .command('revoke')
  .argument('<id>')
  .option('--json', 'print JSON')
  .action((id: string, options: { json?: boolean }) => run((client) => revokeKey(client, id, options)));

const tenants = program
  .command('tenants')
  .description('tenants of the installation, for its operator: signed with the master key, on the server');
tenants
  .command('create')
  .description('make a tenant; the key of its administrator is printed once')
  .argument('<name>')
  .option('--json', 'print JSON')
  .action((name: string, options: { json?: boolean }) =>
    runAsOperator((client) => createTenant(client, name, options)),
  );
tenants
  .command('list')
  .option('--json', 'print JSON')
  .action((options: { json?: boolean }) => runAsOperator((client) => listTenants(client, options)));

await program.parseAsync();
