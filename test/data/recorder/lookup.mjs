// Looks up one name after another: `lookup` with getaddrinfo, `resolve` with resolve4 and resolve6 at once.
import dns from 'node:dns';

const [how, ...names] = process.argv.slice(2);
for (const [i, name] of names.entries()) {
  const before = process.hrtime.bigint();
  const result = how === 'lookup' ? await lookup(name) : await resolve(name);
  const ms = Number(process.hrtime.bigint() - before) / 1e6;
  console.log(`${i + 1} ${result} ${ms.toFixed(1)}`);
}

async function lookup(name) {
  try {
    const found = await dns.promises.lookup(name, { all: true, verbatim: true });
    const ofFamily = (family) => found.filter((one) => one.family === family).length;
    return `ok:${ofFamily(4)}xA+${ofFamily(6)}xAAAA`;
  } catch (error) {
    return error.code;
  }
}

async function resolve(name) {
  const ask = (resolveFamily) =>
    new Promise((done) => {
      resolveFamily(name, (error, found) => done({ code: error?.code ?? 'ok', count: found?.length ?? 0 }));
    });
  const [a, aaaa] = await Promise.all([ask(dns.resolve4), ask(dns.resolve6)]);
  if (a.code === 'ok' && aaaa.code === 'ok') return `ok:${a.count}xA+${aaaa.count}xAAAA`;
  const codes = `A:${a.code}/AAAA:${aaaa.code}`;
  return a.count + aaaa.count === 0 ? codes : `${codes}:${a.count}xA+${aaaa.count}xAAAA`;
}
