// Lints a planted text as if it stood at a path of the tree, with the real eslint.config.js.
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const PLANTED = fileURLToPath(new URL('./planted', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../eslint.config.js', import.meta.url));

const settings = { cwd: PLANTED, overrideConfigFile: CONFIG };
const withTypes = new ESLint(settings);
// Type information needs a file on the disk; a rule that needs none is tried under any path.
const withoutTypes = new ESLint({ ...settings, overrideConfig: [tseslint.configs.disableTypeChecked] });

async function idsOf(eslint: ESLint, at: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: `${PLANTED}/${at}`, warnIgnored: true });
  return (result?.messages ?? []).map((message) => message.ruleId ?? `not linted: ${message.message}`);
}

/** The ids of all rules that refuse this text at this path. */
export function refusals(at: string, text: string): Promise<string[]> {
  return idsOf(withoutTypes, at, text);
}

/** The same with type information; `at` is one of the files in test/guards/planted. */
export function typedRefusals(at: string, text: string): Promise<string[]> {
  return idsOf(withTypes, at, text);
}

/** The ids of all rules of our own plugin. */
export async function houseRules(): Promise<string[]> {
  const config = (await withTypes.calculateConfigForFile(`${PLANTED}/libs/core/src/planted.ts`)) as {
    plugins: { house: { rules: Record<string, unknown> } };
  };
  return Object.keys(config.plugins.house.rules).map((rule) => `house/${rule}`);
}
