import { pathTemplate } from '#core';
import type { RefreshConfig, TogetherConfig } from './config/penstock-config.js';

/** A rule by which one call brings several resources, ready to be asked about many paths. */
export interface JointRule {
  readonly config: TogetherConfig;
  /** Undefined: the call cannot bring this path. */
  idOf(path: string): string | undefined;
  /** Path and query of the call that brings these. */
  callFor(ids: readonly string[]): string;
}

/** What a request line may have everywhere (RFC 9112 section 3: "at minimum, request-line lengths of 8000 octets"), and room for the base URL. */
const MOST_CALL_CHARS = 7_000;

export function jointRulesOf(together: readonly TogetherConfig[]): JointRule[] {
  return together.map(jointRule);
}

export function jointRuleOf(rules: readonly JointRule[], path: string): JointRule | undefined {
  for (const rule of rules) if (rule.idOf(path) !== undefined) return rule;
  return undefined;
}

/** Whether a path is one of those that come alone and as a part of another answer, in which they may be written in another way. */
export function comesInParts({
  together,
  lists,
}: Pick<RefreshConfig, 'together' | 'lists'>): (path: string) => boolean {
  const rules = jointRulesOf(together);
  const templates = lists.filter(({ contains }) => contains === 'content').map(({ path }) => pathTemplate(path));
  if (rules.length + templates.length === 0) return () => false;
  return (path) => jointRuleOf(rules, path) !== undefined || templates.some((one) => one.idOf(path) !== undefined);
}

/** Calls' worth of one of the resources of a full call: what it may be taken to cost before it was fetched. */
export function costTogether(rules: readonly JointRule[], path: string): number | undefined {
  const rule = jointRuleOf(rules, path);
  return rule && (rule.config.cost ?? 1) / rule.config.most;
}

/** In order, none with more than the rule allows, nor longer than a request line may be. */
export function inJointCalls<Item extends { readonly path: string }>(
  items: readonly Item[],
  rule: JointRule,
): Item[][] {
  const calls: Item[][] = [];
  let call: Item[] = [];
  let chars = 0;
  for (const item of items) {
    const more = encodeURIComponent(rule.idOf(item.path) ?? '').length + rule.config.separator.length;
    if (call.length > 0 && (call.length >= rule.config.most || chars + more > MOST_CALL_CHARS)) {
      calls.push(call);
      [call, chars] = [[], 0];
    }
    call.push(item);
    chars += more;
  }
  if (call.length > 0) calls.push(call);
  return calls;
}

function jointRule(config: TogetherConfig): JointRule {
  const template = pathTemplate(config.match);
  const [before = '', after = ''] = config.call.split('{ids}', 2);
  return {
    config,
    idOf: (path) => {
      const id = template.idOf(path);
      return id === undefined || isTornBy(config.separator, id) ? undefined : id;
    },
    callFor: (ids) => before + ids.map(encodeURIComponent).join(config.separator) + after,
  };
}

/** The upstream would find two ids in it. */
function isTornBy(separator: string, id: string): boolean {
  return id.includes(separator) || encodeURIComponent(id).includes(separator);
}
