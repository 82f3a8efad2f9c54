import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { MissingPeerError } from '../../src/errors.js';
import { INSTALL, PEERS, peer } from '../../src/viz/peers.js';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe('packages that pictures are drawn with', () => {
  test('are optional peers, of the versions that the line to install them says', () => {
    for (const [name, version] of Object.entries(PEERS)) {
      expect(manifest.peerDependencies[name]).toBe(version);
      expect(INSTALL).toContain(` ${name}@${version}`);
    }
    expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(INSTALL);
  });

  test.each([
    ['vega', 'toSvg'],
    ['vega-lite', 'toSvg'],
    ['vega', 'toHtml'],
    ['@resvg/resvg-js', 'toPng'],
  ] as const)('without %s: %s says which line installs it, and the spec is there', async (name, renderer) => {
    vi.resetModules();
    const cause = new Error('no such package');
    vi.doMock(name, () => {
      throw cause;
    });
    try {
      const own = await import('../../src/index.js');
      const picture = own.plotHeatmap([[1, 2]]);
      expect(picture.spec.$schema).toContain('vega-lite');
      const error = await picture[renderer]().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(own.MissingPeerError);
      if (renderer === 'toSvg') {
        const bundle = await Reflect.get(picture, Symbol.for('Jupyter.display')).call(picture);
        expect(Object.keys(bundle)).toEqual(['text/plain', 'application/vnd.vegalite.v6+json']);
        expect(bundle['text/plain']).toContain(INSTALL);
      }
      expect(error).toMatchObject({ code: 'missing-peer', package: name, install: INSTALL });
      expect(String(error)).toContain(
        `the package ${name} must be there; got none that can be loaded: npm install vega@`,
      );
    } finally {
      vi.doUnmock(name);
      vi.resetModules();
    }
  });

  test('fonts that are missing are told like them, with the cause', async () => {
    const cause = new Error('Cannot find module');
    const found = peer('dejavu-fonts-ttf', () => {
      throw cause;
    });
    await expect(found).rejects.toBeInstanceOf(MissingPeerError);
    await expect(found).rejects.toMatchObject({ package: 'dejavu-fonts-ttf', install: INSTALL, cause });
  });
});
