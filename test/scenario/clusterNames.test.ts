import { describe, expect, it } from 'vitest';
import { absoluteName, kubernetesSearchList } from '../../src/scenario/clusterNames.ts';

const CLUSTER = kubernetesSearchList(4);

describe('the name that a short name stands for', () => {
  it.each([
    ['redis', 'redis.default.svc.cluster.local'],
    ['redis.cache', 'redis.cache.svc.cluster.local'],
    ['redis.cache.svc', 'redis.cache.svc.cluster.local'],
    ['redis.cache.svc.cluster.local', 'redis.cache.svc.cluster.local'],
    ['api.example.com', 'api.example.com'],
    ['github.com', 'github.com'],
    ['api.example.com.', 'api.example.com'],
    ['redis.', 'redis'],
  ])('of %s in a pod is %s', (name, fqdn) => {
    expect(absoluteName(name, CLUSTER)).toBe(fqdn);
  });

  it('is the name itself where no search list completes it', () => {
    expect(absoluteName('redis', [])).toBe('redis');
    expect(absoluteName('redis.cache', [])).toBe('redis.cache');
  });

  it('is completed by the first domain of a list that is not of Kubernetes', () => {
    expect(absoluteName('wiki', ['corp.example'])).toBe('wiki.corp.example');
    expect(absoluteName('wiki.eu', ['corp.example', 'example'])).toBe('wiki.eu');
  });
});
