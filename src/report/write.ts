import { ReportError } from '../errors.js';
import { writeWhole } from '../files/write-whole.js';

/** @throws ReportError 'not-written' */
export async function writeReport(path: string, page: string): Promise<void> {
  try {
    await writeWhole(path, [Buffer.from(page)]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReportError('not-written', path, `The file can't be written: ${why}`, { cause });
  }
}
