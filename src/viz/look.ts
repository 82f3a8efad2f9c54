import { displays, type Look, lookText } from '../display.js';
import { MissingPeerError } from '../errors.js';
import type { JsonValue } from '../json.js';

/** A picture as far as its look goes. */
interface Shown {
  readonly spec: { readonly [part: string]: JsonValue };
  readonly toSvg: () => Promise<string>;
}

/** Notebooks that know Vega-Lite draw it themselves. */
const VEGA_LITE = 'application/vnd.vegalite.v6+json';

/** Gives a picture of a title its look: its name where it is printed, itself in a notebook. */
export const pictureDisplayed = (title: string) =>
  displays((): Look => ({ title: `Picture '${title}': toSvg(), toPng(), toHtml()`, body: [] }), notebookOf);

/** Without the packages that draw, a notebook gets the spec, and the line that installs them. */
async function notebookOf({ spec, toSvg }: Shown, look: Look) {
  try {
    return { 'text/plain': lookText(look), 'image/svg+xml': await toSvg(), [VEGA_LITE]: spec };
  } catch (error) {
    if (!(error instanceof MissingPeerError)) throw error;
    return { 'text/plain': lookText({ ...look, body: [error.message] }), [VEGA_LITE]: spec };
  }
}
