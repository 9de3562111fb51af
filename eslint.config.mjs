import js from '@eslint/js';
import jupyterPlugin from '@jupyter/eslint-plugin';
import prettierRecommended from 'eslint-plugin-prettier/recommended';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default defineConfig([
  { ignores: ['**/node_modules', '**/*.js', '**/*.d.ts'] },
  js.configs.recommended,
  tseslint.configs.recommended,
  { plugins: { jupyter: jupyterPlugin } },
  jupyterPlugin.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        project: ['./tsconfig.test.json', './ui-tests/tsconfig.json'],
        sourceType: 'module'
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-namespace': 'off',
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  {
    // What an application needs as soon as it starts, and what is itself
    // loaded by import() when it is first needed.
    files: ['src/plugins.ts', 'src/panels/parameterform.tsx'],
    rules: {
      'jupyter/prefer-lazy-imports': [
        'warn',
        {
          ignoreImports: [
            './commands',
            './model',
            './notifications',
            './panels/panel',
            './tagcommands',
            './viewercommands',
            '@rjsf/validator-ajv8'
          ]
        }
      ]
    }
  },
  {
    // Their data is nobody's user interface.
    files: ['**/__tests__/**'],
    rules: {
      'jupyter/command-described-by': 'off',
      'jupyter/no-untranslated-string': 'off'
    }
  },
  prettierRecommended
]);
