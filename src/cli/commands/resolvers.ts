/** `snatrace resolvers`: the stub resolvers, and which words of resolv.conf each heeds. */
import type { OptionStatus } from '../../clients/catalogue.ts';
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { withJson } from '../options.ts';
import { printData, printJson } from '../output.ts';
import { plainTable } from '../table.ts';

export const resolversCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .positional('name', { type: 'string', describe: 'a library with version, or an image' })
      .example('$0 resolvers', 'libraries and images')
      .example('$0 resolvers musl-1.1.20', 'what this one does')
      .example('$0 resolvers alpine-3.9', 'the same by image'),
  handler: async (args) => {
    const {
      IMAGES,
      RESOLVER_FAMILIES,
      factsOf,
      optionStatus,
      parseResolver,
      supportedVersions,
      UnknownResolverError,
    } = await import('../../clients/catalogue.ts');
    const json = args.json === true;
    const { name } = args;
    if (name === undefined) {
      if (json)
        printJson({ schemaVersion: 1, kind: 'resolvers', families: RESOLVER_FAMILIES, images: IMAGES });
      else {
        printData(
          `${plainTable(
            ['library', 'versions'],
            RESOLVER_FAMILIES.map((facts) => [facts.family, supportedVersions(facts)]),
          )}\n\n${plainTable(
            ['image', 'library'],
            IMAGES.map((image) => [image.name, image.resolver]),
          )}\n\n\`snatrace resolvers NAME\` tells what one does.`,
        );
      }
      return OK;
    }
    let resolver: ReturnType<typeof parseResolver>;
    try {
      resolver = parseResolver(String(name));
    } catch (error) {
      if (error instanceof UnknownResolverError) throw new Failure(error.message, USAGE);
      throw error;
    }
    const facts = factsOf(resolver);
    if (json) {
      printJson({ schemaVersion: 1, kind: 'resolver', resolver, facts });
      return OK;
    }
    const words = [...facts.options.map(({ word }) => word), ...facts.ignored.map(({ word }) => word)];
    const rows = [...new Set(words)].map((word) => [word, ...inWords(optionStatus(resolver, word))]);
    printData(
      `${resolver.name}${resolver.image === null ? '' : ` (${resolver.image})`}: ${resolver.evidence}\n\n${plainTable(['option', '', ''], rows)}\n\n${[...facts.sending, ...facts.waiting].map(({ text, evidence }) => `- ${text} (${evidence})`).join('\n')}\n\nDiffers by version:\n${facts.differences.map(({ since, text, evidence }) => `- ${since}: ${text} (${evidence})`).join('\n')}\n\nNot modelled:\n${facts.notModelled.map((text) => `- ${text}`).join('\n')}`,
    );
    return OK;
  },
};

function inWords(status: OptionStatus): [string, string] {
  switch (status.kind) {
    case 'honoured':
      return ['heeded', ''];
    case 'too-old':
      return ['ignored', `since ${status.since}`];
    case 'broken':
      return ['no effect', `a bug of ${status.from} to ${status.to}`];
    case 'ignored':
      return ['ignored', status.why];
    case 'unknown':
      return ['ignored', 'no such option'];
  }
}
