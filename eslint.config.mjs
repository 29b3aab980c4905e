import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// Without a graph of the projects the boundaries rule passes everything with a warning, so it is made here first.
process.env.NX_DAEMON = 'false';
const projects = Object.keys((await createProjectGraphAsync({ exitOnError: true })).nodes);

// Imports flow one way: apps → areas → kernel → contracts. The tags stand in each package.json, at nx.tags.
const depConstraints = [
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: ['type:area', 'type:kernel', 'type:contracts', 'type:migrations'],
  },
  { sourceTag: 'type:area', onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts'] },
  { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: ['type:contracts'] },
  { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: [] },
  {
    sourceTag: 'type:testing',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts', 'type:migrations'],
  },
  { sourceTag: 'type:migrations', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['*'] },
];

const boundaries = {
  enforceBuildableLibDependency: false,
  // The tags leave no way for sources to import in a circle. Tests may, and the graph counts their imports too.
  ignoredCircularDependencies: projects.flatMap((a) => projects.filter((b) => a < b).map((b) => [a, b])),
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.cache/**',
      '.midplane/**',
      'libs/inference/models/**',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@nx/enforce-module-boundaries': ['error', { ...boundaries, depConstraints }],
    },
  },
  {
    // A test, and what only tests of its library use, may import anything: it boots whole modules, and the test
    // library stands on the kernel that it tests.
    files: ['**/*.test.ts', '**/src/testing/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          ...boundaries,
          depConstraints: [{ sourceTag: '*', onlyDependOnLibsWithTags: ['*'] }],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    extends: [tseslint.configs.recommended],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  // The configuration of the root belongs to no TypeScript project.
  {
    files: ['*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
  },
);
