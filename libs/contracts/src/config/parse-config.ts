import type { YAMLError } from 'yaml';
import { LineCounter, parseDocument } from 'yaml';
import type { ConfigFault } from './config-fault.js';
import { notConformantWarnings } from './not-conformant.js';
import { notYetWarnings } from './not-yet.js';
import type { DataPlaneConfig, PenstockConfig, UpstreamConfig } from './penstock-config.js';
import { flag, ID_EXPECTED, ID_SHAPE, mapping } from './readers.js';
import { Reading, readSection } from './reading.js';
import type { Section } from './reading.js';
import type { Environment } from './references.js';
import { readUpstream } from './upstream-section.js';

const UPSTREAMS_EXPECTED = 'at least one upstream, such as upstreams: { crm: { baseUrl: https://api.crm.example/v2 } }';

export interface ConfigSource {
  readonly env: Environment;
  readonly fileName: string;
}

export type ParsedConfig =
  | { readonly kind: 'valid'; readonly config: PenstockConfig; readonly warnings: readonly string[] }
  | { readonly kind: 'invalid'; readonly faults: readonly ConfigFault[] };

/** Reads a configuration whole: either it is valid, or every fault of it is told. Pure; secrets stay references. */
export function parseConfig(text: string, { env, fileName }: ConfigSource): ParsedConfig {
  const lines = new LineCounter();
  // Keys that stand twice are refused in `Section`, which knows their path.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) {
    // What was understood of broken YAML is not what was written: faults found in it would mislead.
    return { kind: 'invalid', faults: document.errors.map((error) => syntaxFault(error, text, lines)) };
  }
  const reading = new Reading(document, lines, env);
  const config = readSection(reading.spot('', document.contents), reading, readRoot);
  if (reading.faults.length > 0) return { kind: 'invalid', faults: reading.faults };
  const yaml = document.warnings.map((warning) => `${lineOf(warning, lines)}: ${warning.message}`);
  const ofUpstreams = [...config.upstreams.values()].flatMap((upstream) => [
    ...notConformantWarnings(upstream),
    ...notYetWarnings(upstream),
  ]);
  const warnings = [...yaml, ...reading.warnings, ...ofUpstreams].map((warning) => `${fileName}: ${warning}`);
  return { kind: 'valid', config, warnings };
}

function readRoot(root: Section): PenstockConfig {
  const upstreams = root.required<PenstockConfig['upstreams']>('upstreams', mapping(readUpstreams), {
    expected: UPSTREAMS_EXPECTED,
    stopgap: new Map(),
  });
  return { upstreams, dataPlane: root.part('dataPlane', readDataPlane) };
}

function readUpstreams(section: Section): ReadonlyMap<string, UpstreamConfig> {
  if (section.isEmpty) section.refuseWhole(UPSTREAMS_EXPECTED, 'no upstream');
  const claimed = new Map<string, string>();
  const upstreams = section.keys.map((id) => {
    if (!ID_SHAPE.test(id)) section.refuse(id, ID_EXPECTED, JSON.stringify(id));
    return [id, section.part(id, (upstream) => readUpstream(id, upstream, claimed))] as const;
  });
  return new Map(upstreams);
}

function readDataPlane(section: Section): DataPlaneConfig {
  return { requireAccessToken: section.field('requireAccessToken', flag, true) };
}

function syntaxFault(error: YAMLError, text: string, lines: LineCounter): ConfigFault {
  const { line } = lines.linePos(error.pos[0]);
  const isUnquoted = /\{.*[\s:,[]\$\{/.test(text.split('\n')[line - 1] ?? '');
  const remedy = isUnquoted ? '; within { } or [ ] a reference needs quotes: "${NAME}"' : '';
  return { path: '', expected: `valid YAML${remedy}`, found: error.message, line };
}

function lineOf(error: YAMLError, lines: LineCounter): string {
  return `line ${lines.linePos(error.pos[0]).line}`;
}
