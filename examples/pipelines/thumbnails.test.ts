import { testRun, type TestRunOf } from '@kube-transform/runtime/testing';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import thumbnails from './thumbnails.js';

const COLOURS = ['#d22', '#2d2', '#22d'];
const image = (background: string, width = 200): Promise<Buffer> =>
  sharp({ create: { ...{ width, height: 100, channels: 3 as const }, background } })
    .jpeg()
    .toBuffer();
const params = { images: 'in/**/*.jpg', mark: 'mark.png', out: 'out', width: 50 };
const files = {
  'mark.png': await sharp(await image('black', 100))
    .png()
    .toBuffer(),
  'in/a/one.jpg': await image(COLOURS[0]!),
  'in/b/one.jpg': await image(COLOURS[1]!),
  ...Object.fromEntries(
    await Promise.all(Array.from({ length: 11 }, async (_, n) => [`in/${n}.jpg`, await image(COLOURS[2]!)])),
  ),
};

/** The colour of a pixel, as numbers. */
async function colourAt(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const at = { left, top, width: 1, height: 1 };
  return [...(await sharp(bytes).removeAlpha().extract(at).raw().toBuffer())];
}
const sheetOf = (run: TestRunOf<typeof thumbnails>): Promise<Uint8Array> =>
  run.files.readBytes('out/sheet.png');

test('each image is made small, with the mark, and stands on the sheet', async () => {
  const run = await testRun(thumbnails, { files, params });
  expect(run.result('sheet')).toEqual({ sheet: 'out/sheet.png', images: 13, missing: 0 });
  const small = await run.files.readBytes('out/in-a-one.webp');
  expect(await sharp(small).metadata()).toMatchObject({ format: 'webp', width: 50, height: 50 });
  expect((await colourAt(small, 48, 48)).every(part => part < 30)).toBe(true);
  const sheet = await sheetOf(run);
  expect(await sharp(sheet).metadata()).toMatchObject({ format: 'png', width: 500, height: 100 });
  // The images stand in the order of their names: eleven of one colour, then those of the folders.
  const [red = 0, green = 0] = await colourAt(sheet, 1 * 50 + 25, 50 + 25);
  const [red2 = 0, green2 = 0] = await colourAt(sheet, 2 * 50 + 25, 50 + 25);
  expect([red > 150, green < 100, red2 < 100, green2 > 150]).toEqual([true, true, true, true]);
});

test('what is no image is missing, and what is made is not made again', async () => {
  const broken = { ...files, 'in/5.jpg': 'no image' };
  const first = await testRun(thumbnails, { files: broken, params });
  expect(first.result('sheet')).toMatchObject({ images: 12, missing: 1 });
  await first.files.write('in/5.jpg', await image('#fff'));
  const second = await testRun(thumbnails, { store: first.store, params });
  expect(second.result('sheet')).toMatchObject({ images: 13, missing: 0 });
  const made = second.events.filter(
    event => event.type === 'ItemSucceeded' && event.job === 'shrink' && !event.skipped,
  );
  expect(made).toHaveLength(1);
});
