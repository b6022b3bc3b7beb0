/** Where the TCP state of a flow is kept, and how long each lasts. */
import { describe, expect, it } from 'vitest';
import { TCP_CLOSE, TCP_STATES, tcpStateOf, withTcpState } from '../../src/netfilter/tcpTracker.ts';

describe('the state of a connection', () => {
  it('stands in four bits of the status, and leaves the others alone', () => {
    for (let state = 0; state <= TCP_CLOSE; state++) {
      expect(tcpStateOf(withTcpState(0, state))).toBe(state);
      expect(tcpStateOf(withTcpState(~0, state))).toBe(state);
      expect(withTcpState(withTcpState(0x1234, 5), state)).toBe(withTcpState(0x1234, state));
      expect(withTcpState(withTcpState(0x1234, state), 0)).toBe(0x1234);
    }
  });

  it('lasts as long as the defaults of nf_conntrack_tcp_timeout_* say', () => {
    expect(TCP_STATES.map(({ name, timeoutNs }) => `${name} ${timeoutNs / 1e9}`)).toEqual([
      ...['NONE 0', 'SYN_SENT 120', 'SYN_RECV 60', 'ESTABLISHED 432000', 'FIN_WAIT 120'],
      ...['CLOSE_WAIT 60', 'LAST_ACK 30', 'TIME_WAIT 120', 'CLOSE 10'],
    ]);
  });
});
