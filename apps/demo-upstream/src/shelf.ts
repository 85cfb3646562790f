import { createHash } from 'node:crypto';
import { isAscii, JSON_TYPE, payloadOf, type Payload } from './answer.js';
import { Changes } from './changes.js';
import { Content } from './content.js';
import { mergePatch } from './merge-patch.js';
import type { Profile } from './profile.js';

/** An item as it stands at one version: what a GET answers, made once per version. */
export interface Copy {
  id: number;
  version: number;
  changedAt: number;
  etag: string;
  body: Payload;
  /** Flat name, value lists, ready to be written: of an answer without the body, and with it. */
  fields: readonly string[];
  bodyFields: readonly string[];
}

const MAX_EDIT_TIMES = 500;

type Document = Record<string, unknown>;

interface Item {
  copy: Copy | undefined;
  /** Epoch ms of the next change of its own: the copy holds until then. */
  holdsUntil: number;
  /** Epoch ms of the latest writes, oldest first: each write is one version more. */
  editedAt: number[];
  /** Writes so old that their times were let go. */
  olderEdits: number;
  replacement: Document | undefined;
  removed: boolean;
  still: Still | undefined;
}

/** What never changes of an item, and with it most of its text. */
interface Still {
  text: string;
  isAscii: boolean;
}

/** All items: their own changes, and the writes on top of them. */
export class Shelf {
  private readonly items = new Map<number, Item>();
  private readonly changes: Changes;
  private readonly content: Content;
  readonly count: number;
  /** Tags of another seed or content are none of ours. */
  private readonly tagPrefix: string;

  constructor(
    private readonly profile: Profile,
    readonly originAt: number,
  ) {
    this.changes = new Changes(profile.seed, profile.changes);
    this.content = new Content(profile.seed, profile.content);
    this.count = profile.items;
    const { seed, content, changes } = profile;
    const world = JSON.stringify({ seed, content, changes });
    this.tagPrefix = createHash('sha1').update(world).digest('base64url').slice(0, 6);
  }

  /** Undefined: there is no such item (or no longer). */
  read(id: number, nowAt: number): Copy | undefined {
    const item = this.itemOf(id);
    if (item === undefined || item.removed) return undefined;
    if (item.copy === undefined || nowAt >= item.holdsUntil) this.renew(id, item, nowAt);
    return item.copy;
  }

  knows(id: number): boolean {
    return id >= 1 && id <= this.count;
  }

  versionAt(id: number, at: number): number {
    const item = this.items.get(id);
    const edits = item?.editedAt.filter((editedAt) => editedAt <= at).length ?? 0;
    return this.changes.versionAt(id, at - this.originAt) + edits + (item?.olderEdits ?? 0);
  }

  changedAt(id: number, at: number): number {
    const ownAt = this.originAt + this.changes.beganMs(id, this.changes.versionAt(id, at - this.originAt));
    const editedAt = this.items.get(id)?.editedAt.findLast((edit) => edit <= at) ?? -Infinity;
    return Math.round(Math.max(ownAt, editedAt));
  }

  replace(id: number, document: Document, nowAt: number): void {
    const item = this.itemOf(id);
    if (item === undefined) return;
    item.replacement = document;
    item.removed = false;
    this.edited(item, nowAt);
  }

  amend(id: number, patch: unknown, nowAt: number): void {
    const copy = this.read(id, nowAt);
    const merged = mergePatch(copy === undefined ? {} : JSON.parse(copy.body.toString()), patch);
    // A merge patch whose target and patch are objects is an object.
    this.replace(id, merged as Document, nowAt);
  }

  remove(id: number, nowAt: number): void {
    const item = this.itemOf(id);
    if (item === undefined) return;
    item.removed = true;
    this.edited(item, nowAt);
  }

  private edited(item: Item, nowAt: number): void {
    item.editedAt.push(nowAt);
    if (item.editedAt.length > MAX_EDIT_TIMES) item.olderEdits += Number(item.editedAt.shift() !== undefined);
    item.copy = undefined;
  }

  private itemOf(id: number): Item | undefined {
    if (!this.knows(id)) return undefined;
    let item = this.items.get(id);
    if (item === undefined) {
      item = {
        copy: undefined,
        holdsUntil: 0,
        editedAt: [],
        olderEdits: 0,
        replacement: undefined,
        removed: false,
        still: undefined,
      };
      this.items.set(id, item);
    }
    return item;
  }

  private renew(id: number, item: Item, nowAt: number): void {
    const revision = this.changes.versionAt(id, nowAt - this.originAt);
    const version = this.versionAt(id, nowAt);
    const changedAt = this.changedAt(id, nowAt);
    const stamp = { id, version, updatedAt: new Date(changedAt).toISOString() };
    const body =
      item.replacement === undefined
        ? this.ownText(id, item, stamp, revision)
        : payloadOf(JSON.stringify({ ...item.replacement, ...stamp }));
    item.holdsUntil = this.originAt + this.changes.beganMs(id, revision + 1);
    item.copy = this.copyOf(stamp, changedAt, body);
  }

  /** The part that never changes is serialized, and looked through, once per item. */
  private ownText(id: number, item: Item, stamp: object, revision: number): Payload {
    item.still ??= stillOf(this.content, id);
    const moving = JSON.stringify({ ...stamp, ...this.content.moving(id, revision) }).slice(0, -1);
    return item.still.isAscii && isAscii(moving)
      ? `${moving},${item.still.text}`
      : Buffer.from(`${moving},${item.still.text}`);
  }

  /** RFC 9110, 8.8.3: a strong tag is another for each body; what a body says follows from the seed, its item, version and time. */
  private copyOf(stamp: { id: number; version: number }, changedAt: number, body: Payload): Copy {
    const etag = `"${this.tagPrefix}-${stamp.id}-${stamp.version}-${changedAt.toString(36)}"`;
    const fields = ['ETag', etag, 'Last-Modified', new Date(changedAt).toUTCString()];
    const cacheControl = this.profile.cacheControl.find(({ from, to }) => stamp.id >= from && stamp.id <= to)?.value;
    if (cacheControl !== undefined) fields.push('Cache-Control', cacheControl);
    return { ...stamp, changedAt, etag, body, fields, bodyFields: [...JSON_TYPE, ...fields] };
  }
}

function stillOf(content: Content, id: number): Still {
  const text = JSON.stringify(content.still(id)).slice(1);
  return { text, isAscii: isAscii(text) };
}
