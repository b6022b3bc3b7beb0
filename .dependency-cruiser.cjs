/** Imports run downward only (ARCHITECTURE.md). Each room lists what it may import; everything else is refused. */
const rooms = {
  engine: ['seedrandom'],
  statistics: ['engine/fixedMath'],
  netfilter: ['engine'],
  network: ['netfilter', 'engine'],
  servers: ['network', 'engine'],
  clients: ['network', 'engine'],
  // Catalogues only: names and versions of kernels, resolvers, schedulers; no behaviour.
  scenario: ['netfilter/kernels', 'clients/catalogue', 'engine/(time|distribution|invariant|fixedMath)'],
  mitigations: ['scenario', 'netfilter/kernels', 'clients/(catalogue|resolvConf)', 'engine/time'],
  simulation: ['clients', 'servers', 'network', 'netfilter', 'engine', 'scenario'],
  experiment: [
    'simulation',
    'scenario',
    'mitigations',
    'statistics',
    'engine',
    'netfilter/(counters|kernel|kernels)',
  ],
  claims: [
    'experiment',
    'scenario',
    'mitigations',
    'simulation',
    'statistics',
    'engine/time',
    'netfilter/kernels',
  ],
  lab: ['scenario', 'simulation', 'statistics', 'engine', 'netfilter/(counters|kernel|kernels)'],
  report: ['experiment', 'statistics', 'scenario', 'simulation', 'mitigations', 'lab/(labDocument|messages)'],
};

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-downward`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: {
        path: '^src/',
        pathNot: [`^src/${room}/`, ...allowed.map((path) => `^src/${path}(/|\\.ts$)`)],
      },
    })),
    {
      name: 'seedrandom-is-wrapped-once',
      severity: 'error',
      from: { pathNot: '^src/engine/randomStreams\\.ts$' },
      to: { path: 'node_modules/seedrandom' },
    },
    {
      name: 'the-model-knows-no-machine',
      comment: 'No clock, file or process below the experiment floor, but for the scenario loader.',
      severity: 'error',
      from: { path: '^src/(engine|statistics|netfilter|network|servers|clients|simulation|mitigations)/' },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
