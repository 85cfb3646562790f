import { afterEach, describe, expect, it } from 'vitest';
import { openRig, type Rig } from './test-rig.js';

let rig: Rig;
afterEach(() => rig.close());

interface Listed {
  ids: Record<string, object>;
  duplicates: string[];
  keyedRepeats: string[];
  anonymous: number;
}

const note = (headers: Record<string, string>, body = '{"text":"x"}'): RequestInit => ({
  method: 'POST',
  headers,
  body,
});

describe('posts', () => {
  it('a note is created, found at its Location and listed', async () => {
    rig = await openRig();
    const created = await rig.call('/items/5/notes', note({}));
    expect([created.status, created.headers.get('location')]).toEqual([201, '/items/5/notes/1']);
    expect(await (await rig.call('/items/5/notes/1')).json()).toMatchObject({
      id: 1,
      itemId: 5,
      content: { text: 'x' },
    });
    expect(await (await rig.call('/items/5/notes')).json()).toMatchObject({ notes: [{ id: 1 }] });
  });

  it('are counted by call id, else key, else the id in the body; a second one without a key is a duplicate', async () => {
    rig = await openRig();
    await rig.status('/items/5/notes', note({ 'X-Call-Id': 'a' }));
    await rig.status('/items/5/notes', note({ 'X-Call-Id': 'a' }));
    await rig.status('/items/5/notes', note({ 'Idempotency-Key': 'k' }));
    await rig.status('/items/5/notes', note({ 'Idempotency-Key': 'k' }));
    await rig.status('/items/5/notes', note({}, '{"id":"b"}'));
    await rig.status('/items/5/notes', note({}));
    const { ids, duplicates, keyedRepeats, anonymous } = await rig.control<Listed>('posts');
    expect(Object.keys(ids)).toEqual(['a', 'k', 'b']);
    expect([duplicates, keyedRepeats, anonymous]).toEqual([['a'], ['k'], 1]);
  });

  it('one that a throttle refused and that came again is no duplicate', async () => {
    rig = await openRig();
    await rig.control('throttle', { retryAfterMs: 1000 });
    expect(await rig.status('/items/5/notes', note({ 'X-Call-Id': 'a' }))).toBe(429);
    rig.pass(1000);
    expect(await rig.status('/items/5/notes', note({ 'X-Call-Id': 'a' }))).toBe(201);
    const { ids, duplicates } = await rig.control<Listed>('posts');
    expect([ids, duplicates]).toEqual([{ a: { seen: 1, refused: 1, keyed: false } }, []]);
  });

  it('one whose answer was lost did happen', async () => {
    rig = await openRig();
    await rig.control('fault', { fault: 'reset' });
    await expect(rig.call('/items/5/notes', note({ 'X-Call-Id': 'a' }))).rejects.toThrow();
    expect(await (await rig.call('/items/5/notes')).json()).toMatchObject({ notes: [{ id: 1 }] });
    expect((await rig.control<Listed>('posts')).ids).toEqual({ a: { seen: 1, refused: 0, keyed: false } });
  });
});
