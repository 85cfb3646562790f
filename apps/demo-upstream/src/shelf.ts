import { createHash } from 'node:crypto';
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
  body: Buffer;
  /** Flat name, value list, ready to be written. */
  fields: string[];
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
  stillText: string | undefined;
}

/** All items: their own changes, and the writes on top of them. */
export class Shelf {
  private readonly items = new Map<number, Item>();
  private readonly changes: Changes;
  private readonly content: Content;
  readonly count: number;

  constructor(
    private readonly profile: Profile,
    readonly originAt: number,
  ) {
    this.changes = new Changes(profile.seed, profile.changes);
    this.content = new Content(profile.seed, profile.content);
    this.count = profile.items;
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
        stillText: undefined,
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
    const text =
      item.replacement === undefined
        ? this.ownText(id, item, stamp, revision)
        : JSON.stringify({ ...item.replacement, ...stamp });
    item.holdsUntil = this.originAt + this.changes.beganMs(id, revision + 1);
    item.copy = this.copyOf(stamp, changedAt, Buffer.from(text));
  }

  /** The part that never changes is serialized once per item. */
  private ownText(id: number, item: Item, stamp: object, revision: number): string {
    item.stillText ??= JSON.stringify(this.content.still(id)).slice(1);
    return `${JSON.stringify({ ...stamp, ...this.content.moving(id, revision) }).slice(0, -1)},${item.stillText}`;
  }

  private copyOf(stamp: { id: number; version: number }, changedAt: number, body: Buffer): Copy {
    const etag = `"${createHash('sha1').update(body).digest('base64url').slice(0, 16)}"`;
    const fields = ['ETag', etag, 'Last-Modified', new Date(changedAt).toUTCString()];
    const cacheControl = this.profile.cacheControl.find(({ from, to }) => stamp.id >= from && stamp.id <= to)?.value;
    if (cacheControl !== undefined) fields.push('Cache-Control', cacheControl);
    return { ...stamp, changedAt, etag, body, fields };
  }
}
