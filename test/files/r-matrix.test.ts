import { beforeAll, describe, expect, test } from 'vitest';
import { type FileMatrix, type ReadMatrixOptions, readMatrix, writeMatrix } from '../../src/index.js';
import { toCsc, toDense } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';
import { bitsOf, rWithMatrix as r } from '../support/tools.js';

const { place, folder } = testFolder();

/** Files of R, and how it writes each, with the matrix that is in it as `M`. */
const WRITTEN: Readonly<Record<string, readonly [line: string, options?: ReadMatrixOptions]>> = {
  'dgC.mtx': ['M <- S; writeMM(M, f)'],
  'dgT.mtx': ["M <- as(S, 'TsparseMatrix'); writeMM(M, f)"],
  'dgR.mtx': ["M <- as(S, 'RsparseMatrix'); writeMM(as(M, 'TsparseMatrix'), f)"],
  'ngC.mtx': ["M <- as(S != 0, 'nsparseMatrix'); writeMM(M, f)"],
  'lgC.mtx': ['M <- S > 0; writeMM(M, f)'],
  'dsC.mtx': ['M <- forceSymmetric(S[1:9, 1:9]); writeMM(M, f)'],
  'nsT.mtx': ["M <- as(forceSymmetric(S[1:9, 1:9]) != 0, 'nsparseMatrix'); writeMM(as(M, 'TsparseMatrix'), f)"],
  'dtC.mtx': ['M <- triu(S[1:9, 1:9]); writeMM(M, f)'],
  'counts.mtx': ["M <- as(C, 'CsparseMatrix'); writeMM(M, f)"],
  'none.mtx': ['M <- S * 0; writeMM(drop0(M), f)'],
  'csv.csv': ['M <- D; write.csv(full(M), f, quote = 1)'],
  'tsv.tsv': ["M <- D; write.table(full(M), f, sep = '\\t', quote = FALSE, col.names = NA)"],
  'short.txt': ['M <- D; write.table(full(M), f, quote = FALSE)'],
  'bare.csv': ["M <- D; write.table(full(M), f, sep = ',', quote = FALSE, row.names = FALSE, col.names = FALSE)"],
  'semicolons.csv': ["M <- D; write.table(full(M), f, sep = ';', quote = FALSE, col.names = NA)"],
  'packed.csv.gz': ['M <- D; g <- gzfile(f); write.csv(full(M), g)'],
  'counts.csv': ['M <- C; write.csv(C, f)'],
};

describe.skipIf(r.absent !== '')(`R and its package Matrix${r.absent}`, () => {
  let wanted: Readonly<Record<string, string>>;
  beforeAll(() => {
    const files = Object.entries(WRITTEN).map(
      ([name, [line]]) => `f <- '${name}'; invisible({ ${line} }); out[[f]] <- bits(M)`,
    );
    // By write.csv numbers have 15 digits; 17 bring all of them back.
    const own = r.run(
      `
set.seed(2)
full <- function(m) { t <- matrix(sprintf('%.17g', m), nrow(m), dimnames = dimnames(m)); t[is.na(m)] <- NA; as.data.frame(t) }
S <- rsparsematrix(14, 9, 0.4, rand.x = function(n) rnorm(n) * 10 ^ sample(-20:20, n, TRUE))
C <- matrix(rpois(14 * 9, 0.7), 14, dimnames = list(paste0('gene', 1:14), LETTERS[1:9]))
D <- matrix(rnorm(14 * 9) * 10 ^ sample(-200:200, 14 * 9, TRUE), 14, dimnames = dimnames(C)); D[2, 3] <- NA
out <- list(); ${files.join('\n')}
say(out)`,
      folder,
    );
    wanted = own as typeof wanted; // what the script says
  });

  test.each(Object.entries(WRITTEN))('%s is read as it was written, to the bit', async (name, [, options]) => {
    const found: FileMatrix = await readMatrix(place(name), options);
    expect(bitsOf(found)).toBe(wanted[name]);
    if (name.endsWith('.mtx')) expect(found.kind).toBe('csc');
    else if (name !== 'bare.csv') {
      expect(found.rowNames?.[13]).toBe('gene14');
      expect(found.colNames).toEqual([...'ABCDEFGHI']);
    }
  });

  test('it reads what is written, to the bit', async () => {
    // R reads decimals of up to 15 digits as they are, and others to the last bit but one.
    const X = { ...uniform(13, 5, 4), data: uniform(13, 5, 4).data.map((x) => Number(x.toPrecision(12))) };
    const sparse = toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) });
    const holed = { ...X, data: X.data.map((x, p) => (p % 7 === 0 ? Number.NaN : x)) };
    const named = { ...holed, rowNames: Array.from({ length: 13 }, (_, i) => `gène "${i}", x`), colNames: ['a', '5', 'b;c', 'd', 'e f'] }; // biome-ignore format: one thought
    await writeMatrix(place('s.mtx'), sparse);
    await writeMatrix(place('s.mtx.gz'), sparse);
    await writeMatrix(place('x.csv'), named);
    await writeMatrix(place('x.tsv.gz'), named);
    await writeMatrix(place('list.csv'), sparse, { layout: 'triplets' });
    const read = r.run(
      `
x <- read.csv('x.csv', row.names = 1, check.names = FALSE, encoding = 'UTF-8')
y <- read.delim('x.tsv.gz', row.names = 1, check.names = FALSE, encoding = 'UTF-8')
l <- read.csv('list.csv')
L <- sparseMatrix(i = l$row, j = l$column, x = l$value, index1 = FALSE, dims = c(13, 5))
hexed <- function(names) paste(unlist(lapply(names, function(n) paste(charToRaw(n), collapse = ''))), collapse = ' ')
say(list(s = bits(readMM('s.mtx')), z = bits(readMM(gzfile('s.mtx.gz'))), x = bits(x), y = bits(y), l = bits(L), rows = hexed(rownames(x)), columns = hexed(colnames(y))))`,
      folder,
    );
    const hexed = (names: readonly string[]) => names.map((name) => Buffer.from(name).toString('hex')).join(' ');
    const [s, x] = [bitsOf(toDense(sparse)), bitsOf(holed)];
    expect(read).toEqual({ s, z: s, x, y: x, l: s, rows: hexed(named.rowNames), columns: hexed(named.colNames) });
  });
});
