/** Makes a small picture of each image, with a mark in its corner, and a sheet of all of them. */
import { join } from 'node:path';
import { ktFunction, pipeline, type Ref } from '@kube-transform/sdk';
import sharp from 'sharp';
import * as z from 'zod';

const Params = z.object({
  images: z.string().default('node_modules/vega-datasets/data/*.png').describe('Pattern of the images'),
  mark: z
    .string()
    .default('node_modules/vega-datasets/data/ffox.png')
    .describe('Image that stands in a corner of the others'),
  out: z.string().default('out/thumbnails').describe('Directory for the small images and for sheet.png'),
  width: z.number().int().min(16).max(1024).default(128).describe('Width and height in pixels'),
});
const Image = z.object({ from: z.string(), to: z.string() });

/** Lists the images, each with the path of what is to be made of it. */
export const find = ktFunction(
  { input: Params.pick({ images: true, out: true }) },
  async ({ images, out }, { files }) =>
    (await files.glob(images)).map(from => ({
      from,
      // Images of two folders may have the same name.
      to: files.join(out, `${from.replace(/\.\w+$/, '').replaceAll('/', '-')}.webp`),
    })),
);

/** Makes one small image. All items of a process share the mark: it is fetched once. */
export const shrink = ktFunction(
  { input: Image.extend({ mark: z.string(), width: z.number() }), retries: 1, memory: '512Mi' },
  async ({ from, to, mark, width }, { files, scratch }) => {
    const [image, corner, folder] = await Promise.all([
      files.download(from),
      files.download(mark),
      scratch(),
    ]);
    const small = await sharp(corner)
      .resize(Math.round(width / 5))
      .png()
      .toBuffer();
    const made = join(folder, 'small.webp');
    const { size } = await sharp(image)
      .rotate()
      .resize(width, width, { fit: 'contain', background: 'white' })
      .composite([{ input: small, gravity: 'southeast' }])
      .webp()
      .toFile(made);
    await files.upload(made, to);
    return { to, bytes: size };
  },
);

/** Puts all of them into one picture, ten in a row. */
export const sheet = ktFunction(
  { input: z.object({ images: z.array(Image), out: z.string(), width: z.number() }) },
  async ({ images, out, width }, { files, scratch }) => {
    const made = await Promise.all(
      images.map(async ({ to }) => ((await files.exists(to)) ? [await files.download(to)] : [])),
    );
    const found = made.flat();
    const perRow = 10;
    const place = (n: number): { left: number; top: number } => ({
      left: (n % perRow) * width,
      top: Math.floor(n / perRow) * width,
    });
    const path = join(await scratch(), 'sheet.png');
    await sharp({
      create: {
        width: Math.max(1, Math.min(perRow, found.length)) * width,
        height: Math.max(1, Math.ceil(found.length / perRow)) * width,
        ...{ channels: 3, background: 'white' },
      },
    })
      .composite(found.map((input, n) => ({ input, ...place(n) })))
      .png()
      .toFile(path);
    const to = files.join(out, 'sheet.png');
    await files.upload(path, to);
    return { sheet: to, images: found.length, missing: images.length - found.length };
  },
);

export default pipeline('thumbnails', { params: Params })
  .job('find', find, ({ params }) => ({ images: params.images, out: params.out }))
  .map(
    'shrink',
    shrink,
    ({ params, find: images }) =>
      images.each(({ from, to }) => ({ from, to, mark: params.mark, width: params.width })),
    // An image that cannot be read is missing on the sheet; one that is made is not made again.
    { maxFailed: '10%', outputs: (item: Ref<z.infer<typeof Image>>) => [item.to] },
  )
  .job('sheet', sheet, ({ params, find: images }) => ({ images, out: params.out, width: params.width }), {
    after: ['shrink'],
  });
