const MAX_NOTES_PER_ITEM = 50;

export interface Note {
  id: number;
  itemId: number;
  createdAt: string;
  content: unknown;
}

/** What was POSTed to items; the newest fifty of each are kept. */
export class Notes {
  private readonly byItem = new Map<number, Note[]>();
  private lastId = 0;

  add(itemId: number, content: unknown, nowAt: number): Note {
    const note = { id: ++this.lastId, itemId, createdAt: new Date(nowAt).toISOString(), content };
    const notes = this.byItem.get(itemId) ?? [];
    notes.push(note);
    if (notes.length > MAX_NOTES_PER_ITEM) notes.shift();
    this.byItem.set(itemId, notes);
    return note;
  }

  of(itemId: number): readonly Note[] {
    return this.byItem.get(itemId) ?? [];
  }
}
