import { afterEach, describe, expect, it } from 'vitest';
import { openRig, RIG_STARTED_AT, type Rig } from './test-rig.js';

const rigs: Rig[] = [];
afterEach(() => Promise.all(rigs.splice(0).map((rig) => rig.close())));

async function open(profile: object = {}): Promise<Rig> {
  const rig = await openRig(profile);
  rigs.push(rig);
  return rig;
}

const FROZEN = { changes: { frozenShare: 1 } };
const LIVELY = { changes: { frozenShare: 0, medianIntervalMs: 10_000, sigma: 0.5 } };

async function text(rig: Rig, path: string): Promise<string> {
  return (await rig.call(path)).text();
}

describe('validators', () => {
  it('If-None-Match with the current tag is answered 304, with the tag and without a body', async () => {
    const rig = await open(FROZEN);
    const etag = (await rig.call('/items/1')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = await rig.call('/items/1', { headers: { 'If-None-Match': `"other", ${etag}` } });
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, '']);
    expect(await rig.status('/items/1', { headers: { 'If-None-Match': '"other"' } })).toBe(200);
  });

  it('If-Modified-Since is answered 304 unless the item changed after it', async () => {
    const rig = await open(FROZEN);
    const modified = (await rig.call('/items/1')).headers.get('last-modified') ?? '';
    expect(await rig.status('/items/1', { headers: { 'If-Modified-Since': modified } })).toBe(304);
    const earlier = new Date(Date.parse(modified) - 1000).toUTCString();
    expect(await rig.status('/items/1', { headers: { 'If-Modified-Since': earlier } })).toBe(200);
  });

  it('Cache-Control is sent for the items of the profile only', async () => {
    const rig = await open();
    const sent = [await rig.call('/items/100'), await rig.call('/items/101')].map(({ headers }) =>
      headers.get('cache-control'),
    );
    expect(sent).toEqual(['max-age=60', null]);
  });
});

describe('content', () => {
  it('is the same for the same seed and time, and another for another seed', async () => {
    const [one, same, other] = [await open(LIVELY), await open(LIVELY), await open({ ...LIVELY, seed: 2 })];
    for (const rig of [one, same, other]) rig.pass(77_000);
    expect(await text(one, '/items/5')).toBe(await text(same, '/items/5'));
    expect(await text(one, '/items/5')).not.toBe(await text(other, '/items/5'));
  });

  it('is JSON of 1 to 20 kB, and the sizes differ', async () => {
    const rig = await open({ items: 6000 });
    const sizes = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await text(rig, `/items/${1 + i * 30}`)).length),
    );
    expect(Math.min(...sizes)).toBeGreaterThan(900);
    expect(Math.max(...sizes)).toBeLessThan(20_600);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeGreaterThan(4);
  });

  it('has another tag where its content is drawn anew', async () => {
    const tags = await Promise.all(
      [1, 2, 1].map(async (seed) => {
        const rig = await open({ ...FROZEN, seed });
        return (await rig.call('/items/9')).headers.get('etag');
      }),
    );
    expect([tags[0] === tags[1], tags[0] === tags[2]]).toEqual([false, true]);
  });

  it('changes, with its tag and version, exactly at the instant that the judge tells', async () => {
    const rig = await open(LIVELY);
    rig.pass(60_000);
    const { changedAt } = await rig.control<{ changedAt: number }>('version?path=/items/9');
    const before = await open(LIVELY);
    before.pass(changedAt - RIG_STARTED_AT - 1);
    const after = await open(LIVELY);
    after.pass(changedAt - RIG_STARTED_AT + 1);
    const versions = await Promise.all(
      [before, after].map(async (one) => (JSON.parse(await text(one, '/items/9')) as { version: number }).version),
    );
    expect((versions[1] ?? 0) - (versions[0] ?? 0)).toBe(1);
    const tags = await Promise.all(
      [before, after, rig].map(async (one) => (await one.call('/items/9')).headers.get('etag')),
    );
    expect([tags[0] === tags[1], tags[1] === tags[2]]).toEqual([false, true]);
  });
});

describe('writes', () => {
  it('keep text that is not ASCII whole, to the byte', async () => {
    const rig = await open(FROZEN);
    const put = await rig.call('/items/4', { method: 'PUT', body: '{"colour":"bleu foncé, 蓝"}' });
    const got = await rig.call('/items/4');
    const bytes = Buffer.from(await got.arrayBuffer());
    expect(got.headers.get('content-length')).toBe(String(bytes.length));
    expect(JSON.parse(bytes.toString())).toMatchObject({ colour: 'bleu foncé, 蓝' });
    expect(await put.json()).toMatchObject({ colour: 'bleu foncé, 蓝' });
  });

  it('in one instant have each a tag of its own', async () => {
    const rig = await open(FROZEN);
    const tags: (string | null)[] = [];
    for (const colour of ['red', 'blue', 'red'])
      tags.push((await rig.call('/items/4', { method: 'PUT', body: JSON.stringify({ colour }) })).headers.get('etag'));
    expect(new Set(tags).size).toBe(3);
  });

  it('PUT replaces the content and is seen by the next GET, one version on', async () => {
    const rig = await open(FROZEN);
    const put = await rig.call('/items/4', { method: 'PUT', body: '{"colour":"blue"}' });
    expect([put.status, await put.json()]).toEqual([
      200,
      expect.objectContaining({ id: 4, version: 1, colour: 'blue' }),
    ]);
    const got = await rig.call('/items/4');
    expect(got.headers.get('etag')).toBe(put.headers.get('etag'));
    expect(await got.json()).toEqual({
      id: 4,
      version: 1,
      colour: 'blue',
      updatedAt: new Date(RIG_STARTED_AT).toISOString(),
    });
  });

  it('PATCH changes what it names and keeps the rest', async () => {
    const rig = await open(FROZEN);
    const before = JSON.parse(await text(rig, '/items/4')) as object;
    await rig.status('/items/4', { method: 'PATCH', body: '{"stock":-1,"tags":null}' });
    const { tags, ...kept } = before as { tags: unknown };
    expect(tags).toBeDefined();
    const updatedAt = new Date(RIG_STARTED_AT).toISOString();
    expect(JSON.parse(await text(rig, '/items/4'))).toEqual({ ...kept, stock: -1, version: 1, updatedAt });
  });

  it('DELETE takes the item away until a PUT brings it back', async () => {
    const rig = await open();
    expect(await rig.status('/items/4', { method: 'DELETE' })).toBe(204);
    expect(await rig.status('/items/4')).toBe(404);
    expect(await rig.status('/items/4', { method: 'PUT', body: '{}' })).toBe(201);
    expect(await rig.status('/items/4')).toBe(200);
  });

  it('an answer that was begun before a write and leaves after it is the old content', async () => {
    const rig = await open({ ...FROZEN, faults: { slow: 1, slowMs: 50, path: '/items/4' } });
    const slow = text(rig, '/items/4');
    await expect.poll(() => rig.demo.judge.inFlight).toBe(1);
    rig.demo.shelf.replace(4, { colour: 'blue' }, RIG_STARTED_AT);
    expect(JSON.parse(await slow)).toMatchObject({ version: 0 });
  });
});

describe('other resources', () => {
  it('lists by id and by time', async () => {
    const rig = await open(FROZEN);
    const byId = JSON.parse(await text(rig, '/items?ids=2,3,9999')) as { items: { id: number }[] };
    expect(byId.items.map(({ id }) => id)).toEqual([2, 3]);
    rig.pass(1000);
    await rig.status('/items/8', { method: 'PUT', body: '{}' });
    const since = new Date(RIG_STARTED_AT + 1).toISOString();
    expect(JSON.parse(await text(rig, `/items?updated_since=${since}`))).toMatchObject({
      items: [{ id: 8, version: 1 }],
    });
  });

  it('lists more than a thousand page by page, each once', async () => {
    const rig = await open({ ...FROZEN, items: 2500 });
    const ids: number[] = [];
    let next: string | undefined = '/items?updated_since=0';
    while (next !== undefined) {
      const page = JSON.parse(await text(rig, next)) as { items: { id: number }[]; next?: string };
      ids.push(...page.items.map(({ id }) => id));
      next = page.next;
    }
    expect(ids).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1));
  });

  it('counts an item as fetched that a list by id has brought', async () => {
    const rig = await open(FROZEN);
    await rig.status('/items?ids=2,3');
    expect([2, 3, 4].map((id) => rig.demo.fetches.count(id))).toEqual([1, 1, 0]);
  });

  it('/echo tells method, fields and body', async () => {
    const rig = await open();
    const echoed = await rig.call('/echo?a=1', { method: 'POST', body: 'hello', headers: { 'X-Mark': 'm' } });
    expect(await echoed.json()).toMatchObject({
      method: 'POST',
      url: '/echo?a=1',
      body: 'hello',
      headers: expect.arrayContaining([['X-Mark', 'm']]) as unknown,
    });
  });

  it('/big gives exactly so many bytes', async () => {
    const rig = await open();
    expect(await text(rig, '/big?bytes=30')).toBe('abcdefghijklmnopqrstuvwxyzabcd');
    expect((await (await rig.call('/big?bytes=3000000')).arrayBuffer()).byteLength).toBe(3_000_000);
    expect(await rig.status('/big?bytes=x')).toBe(400);
  });

  it('elsewhere is nothing', async () => {
    const rig = await open();
    const found = await Promise.all(['/items/0', '/items/201', '/items/x', '/'].map((path) => rig.status(path)));
    expect(found).toEqual([404, 404, 404, 404]);
    expect(await rig.status('/search/pumps?q=1')).toBe(200);
  });
});
