import type { Dialect } from './dialect.js';
import { airtable } from './airtable.js';
import { anthropic } from './anthropic.js';
import { attio } from './attio.js';
import { contentful } from './contentful.js';
import { discord } from './discord.js';
import { github } from './github.js';
import { google } from './google.js';
import { hubspot } from './hubspot.js';
import { jira } from './jira.js';
import { jiraDataCenter } from './jira-dc.js';
import { lemlist } from './lemlist.js';
import { linear } from './linear.js';
import { microsoftGraph } from './microsoft-graph.js';
import { okta } from './okta.js';
import { openai } from './openai.js';
import { salesforce } from './salesforce.js';
import { shopify } from './shopify.js';
import { slack } from './slack.js';
import { standard } from './standard.js';
import { stripe } from './stripe.js';
import { toggl } from './toggl.js';
import { xendit } from './xendit.js';
import { xero } from './xero.js';
import { zendesk } from './zendesk.js';

/** Every dialect that is shipped; `limits.dialect` says its name. */
export const DIALECTS: readonly Dialect[] = [
  standard,
  airtable,
  anthropic,
  attio,
  contentful,
  discord,
  github,
  google,
  hubspot,
  jira,
  jiraDataCenter,
  lemlist,
  linear,
  microsoftGraph,
  okta,
  openai,
  salesforce,
  shopify,
  slack,
  stripe,
  toggl,
  xendit,
  xero,
  zendesk,
];

export const DIALECT_NAMES: readonly string[] = DIALECTS.map(({ name }) => name);

/** The configuration was checked against the names: another one is that of a newer version, of which 429 holds, too. */
export function dialectNamed(name: string): Dialect {
  return DIALECTS.find((dialect) => dialect.name === name) ?? standard;
}
