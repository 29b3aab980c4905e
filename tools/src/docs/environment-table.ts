import { gatewayConfig } from '@midplane/gateway';
import { inferenceConfig } from '@midplane/inference';
import { type ConfigGroup, kernelConfig } from '@midplane/kernel';
import { ingestConfig } from '@midplane/knowledge';
import { modelsConfig } from '@midplane/models';

/** Every group of variables that some process of the product reads. */
const GROUPS: ConfigGroup[] = [kernelConfig, gatewayConfig, ingestConfig, inferenceConfig, modelsConfig];

/** What stands around the table in the README. */
export const TABLE_BEGIN = '<!-- environment: written by `npm run docs` -->';
export const TABLE_END = '<!-- /environment -->';

/** @returns the README's tables of variables, one for each group, as Markdown */
export function environmentTables(): string {
  return GROUPS.map(({ title, variables }) => {
    const rows = Object.entries(variables).map(
      ([name, { description, defaultText }]) =>
        `| \`${name}\` | ${defaultText ?? '–'} | ${description.replaceAll('|', '\\|')} |`,
    );
    return [`**${title}**`, '', '| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
  }).join('\n\n');
}

/** @returns the README with its tables as the code has them. @throws Error where it has no place for them */
export function withEnvironmentTables(readme: string): string {
  const begin = readme.indexOf(TABLE_BEGIN);
  const end = readme.indexOf(TABLE_END);
  if (begin < 0 || end < begin) throw new Error(`README.md lacks ${TABLE_BEGIN} … ${TABLE_END}.`);
  return `${readme.slice(0, begin)}${TABLE_BEGIN}\n\n${environmentTables()}\n\n${readme.slice(end)}`;
}
