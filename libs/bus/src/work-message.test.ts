import { describe, expect, it } from 'vitest';
import { deliveryFactsOf } from './work-message.js';

const FACTS = { stream: 'S', deliveryCount: 3, sequence: 41, storedAt: 1_700_000_000_123 };

describe('facts of a delivery', () => {
  it('are read from the short subject', () => {
    expect(deliveryFactsOf('$JS.ACK.S.c.3.41.7.1700000000123456789.5')).toEqual(FACTS);
  });

  it('are read from the subject with domain and account', () => {
    expect(deliveryFactsOf('$JS.ACK.hub.ACCT.S.c.3.41.7.1700000000123456789.5')).toEqual(FACTS);
    expect(deliveryFactsOf('$JS.ACK._.ACCT.S.c.3.41.7.1700000000123456789.5.rnd')).toEqual(FACTS);
  });

  it('are refused of a message that no stream sent', () => {
    expect(() => deliveryFactsOf('_INBOX.abc')).toThrow('"_INBOX.abc"');
  });
});
