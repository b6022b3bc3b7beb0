/** Which vendor a kernel is of, by the tail of its release. */
import { describe, expect, it } from 'vitest';
import { VENDORS } from '../../src/netfilter/kernels/vendors.ts';

const vendorOf = (tail: string) =>
  VENDORS.find(({ pattern }) => pattern.test(tail))?.name.split(/[ (]/)[0] ?? null;

describe('the tail of a release', () => {
  it.each([
    ['-1160.el7.x86_64', 'Red'],
    ['-513.24.1.el8_9.x86_64', 'Red'],
    ['-100.fc38.x86_64', 'Fedora'],
    ['-microsoft-standard', 'WSL2'],
    ['.1-microsoft-standard-WSL2', 'WSL2'],
    ['.12-microsoft-standard-WSL2', 'WSL2'],
    ['-81.110.amzn2.x86_64', 'Amazon'],
    ['-77.128.amzn2023.x86_64', 'Amazon'],
    ['+', 'Google'],
    ['-flatcar', 'Flatcar'],
    ['-coreos-r1', 'Flatcar'],
    ['-91-generic', 'Ubuntu'],
    ['-1030-azure', 'Ubuntu'],
    ['-1-lowlatency', 'Ubuntu'],
    ['-1004-gke', 'Ubuntu'],
    ['-28-amd64', 'Debian'],
    ['-28-cloud-amd64', 'Debian'],
    ['-9-rt-arm64', 'Debian'],
    ['-amd64', 'Debian'],
    ['-0.bpo.12-amd64', 'Debian'],
    ['-0.bpo.3-cloud-arm64', 'Debian'],
    ['-0.bpo.2-7-amd64', 'Debian'],
  ])('%s is one of %s', (tail, name) => {
    expect(vendorOf(tail)).toBe(name);
  });

  it.each([
    '',
    '-custom',
    '-el7',
    '.elx',
    '-fc38',
    '.fcx',
    '-amzn2',
    '.amznx',
    '-gke+',
    '++',
    '+1',
    'x-flatcar',
    '-my-coreos',
    '-generic',
    '-x-generic',
    'x-91-generic',
    '-91generic',
    '.x-microsoft-standard',
    'x-microsoft-standard',
    '.1.2-microsoft-standard',
    '-0.bpo-amd64',
    '-0.bpo.x-amd64',
    '-x-amd64',
    'x-28-amd64',
    '-28-x-amd64',
    '-1-2-3-amd64',
  ])('%j is of no known vendor', (tail) => {
    expect(vendorOf(tail)).toBeNull();
  });
});
