import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** The browser of this machine; undefined: there is none. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request?: { readonly url: string } };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A page in a browser that has no way to a network, and all that it has said and asked for. */
export interface Visit {
  /** What an expression comes to in the page, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** The whole page, or a part of it, as PNG. */
  screenshot(part: { readonly y: number; readonly width: number; readonly height: number }): Promise<Buffer>;
  /** Errors, warnings and whatever else was written to the console. */
  readonly said: readonly string[];
  /** The addresses that were asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface VisitOptions {
  /** Default true. */
  readonly scripts?: boolean;
  readonly dark?: boolean;
  readonly width?: number;
}

/** Opens a file in a headless browser that is led by a pipe. */
export async function visit(
  file: string,
  { scripts = true, dark = false, width = 1200 }: VisitOptions = {},
): Promise<Visit> {
  if (chromium === undefined) throw new TypeError('there is no browser');
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const own = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-dev-shm-usage',
    '--remote-debugging-pipe',
  ];
  const offline = ['--host-resolver-rules=MAP * ~NOTFOUND', '--disable-background-networking'];
  const browser = spawn(chromium, [...own, ...offline, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => browser.kill());
  const said: string[] = [];
  const requests: string[] = [];
  let loaded = () => {};
  const { send } = led(browser, ({ method, params }) => {
    if (method === 'Page.loadEventFired') loaded();
    if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      said.push(JSON.stringify(params));
    if (method === 'Network.requestWillBeSent' && params?.request !== undefined) requests.push(params.request.url);
  });
  const { targetInfos } = await send('Target.getTargets');
  const page = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page');
  const { sessionId } = await send('Target.attachToTarget', { targetId: page?.targetId, flatten: true });
  const ask = (method: string, params: object = {}) => send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await ask(`${domain}.enable`);
  await ask('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
  await ask('Emulation.setScriptExecutionDisabled', { value: !scripts });
  await ask('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
  });
  const whole = new Promise<void>((resolve) => { loaded = resolve; }); // biome-ignore format: one thought
  await ask('Page.navigate', { url: pathToFileURL(file).href });
  await whole;
  return {
    said,
    requests,
    evaluate: async (expression) => {
      const { result, exceptionDetails } = await ask('Runtime.evaluate', {
        expression,
        ...{ returnByValue: true, awaitPromise: true },
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    screenshot: async ({ y, width, height }) => {
      const clip = { x: 0, y, width, height, scale: 1 };
      const { data } = await ask('Page.captureScreenshot', { clip, captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    close: async () => {
      const over = once(browser, 'exit');
      await send('Browser.close');
      await over;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The DevTools protocol over two pipes: JSON, each message ended by a zero. */
function led(browser: ChildProcess, tell: (event: Answer) => void) {
  const [into, from] = [browser.stdio[3] as Writable, browser.stdio[4] as Readable]; // piped, as asked above
  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = '';
  from.setEncoding('utf8').on('data', (text: string) => {
    const messages = `${rest}${text}`.split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id === undefined) tell(answer);
      else waiting.get(answer.id)?.(answer);
    }
  });
  let count = 0;
  const send = (method: string, params: object = {}, sessionId?: unknown) =>
    new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      const id = ++count;
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      into.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
  return { send };
}
