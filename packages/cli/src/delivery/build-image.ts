/**
 * Builds an image with the bundle, with whatever builder is at hand. The folder that is built from stays in
 * `.kt/images/DIGEST`, with its Dockerfile, to be looked at.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import type { Bundle } from '../bundle/make-bundle.js';
import { namesOf } from './bundle-files.js';
import {
  buildCommand,
  BUILDERS,
  type Command,
  loadCommands,
  type LocalCluster,
  pushCommand,
} from './image-builders.js';
import { dockerfile, isForBundles, STAGED } from '../project/dockerfile.js';
import { shellWord } from '../terminal/plain-text.js';

/** What is built, and where it goes. */
export interface DockerBuild {
  bundle: Bundle;
  /** The image that is built upon. */
  base: string;
  image: string;
  platform: string | undefined;
  /** The registry speaks plain HTTP. */
  insecure: boolean | undefined;
  /** A command of the user's that builds and pushes, instead of a builder. */
  build: string | undefined;
  /** The cluster on this machine that takes the image; else it is pushed. */
  local: LocalCluster | undefined;
  progress: (text: string) => void;
}

/** What is run, and what hears of it. */
interface Run extends Command {
  dir: string;
  env?: Record<string, string>;
  progress: (text: string) => void;
}

const LAST_WORDS = 2000;

/** The Dockerfile of a project, where it keeps one for this; null where it does not. */
async function ownDockerfile({ projectDir }: Pick<Bundle, 'projectDir'>): Promise<string | null> {
  const text = await readFile(join(projectDir, 'Dockerfile'), 'utf8').catch(() => null);
  return text !== null && isForBundles(text) ? text : null;
}

const madeDockerfile = ({ outside }: Pick<Bundle, 'outside'>): string =>
  dockerfile({ packages: outside.length > 0 });

/** The tag of a bundle's image says what it is built from: bundle, Dockerfile, base, platform. */
export async function dockerTag(
  bundle: Bundle,
  { base, platform }: Pick<DockerBuild, 'base' | 'platform'>,
): Promise<string> {
  const text = (await ownDockerfile(bundle)) ?? madeDockerfile(bundle);
  const hash = createHash('sha256')
    .update(JSON.stringify([text, base, platform]))
    .digest('hex');
  return `${bundle.digest}-${hash.slice(0, 8)}`;
}

/** Builds and brings the image to the cluster. @throws KtError `NO_BUILDER`, `BUILD_FAILED`. */
export async function buildImage(wanted: DockerBuild): Promise<void> {
  const { bundle, base, image, platform, insecure, build, local, progress } = wanted;
  const dir = bundle.projectDir;
  const staged = await stage(bundle);
  if (build !== undefined) {
    const env = { KT_IMAGE: image, KT_BUILD_CONTEXT: staged, KT_BASE_IMAGE: base };
    await spawnCommand({
      command: 'sh',
      args: existsSync(join(dir, build)) ? ['-c', '"$0"', join(dir, build)] : ['-c', build],
      dir,
      env,
      progress,
    });
    return;
  }
  const builder = await builderAtHand();
  const context = (await ownDockerfile(bundle)) === null ? staged : dir;
  const from = {
    context,
    file: join(context, 'Dockerfile'),
    args: { BASE: base, FROM_KT: relative(context, staged) || '.' },
  };
  await spawnCommand({ ...buildCommand(builder, { image, platform, insecure, ...from }), dir, progress });
  const archive = join(staged, 'image.tar');
  const commands =
    local === undefined
      ? [pushCommand(builder, { image, insecure })]
      : loadCommands(builder, local, { image, archive });
  for (const command of commands) await spawnCommand({ ...command, dir, progress });
  await rm(archive, { force: true });
}

/** Lays out what is built from, and tells the folder. */
async function stage(bundle: Bundle): Promise<string> {
  const { digest, dir, projectDir, outside } = bundle;
  const staged = join(projectDir, '.kt', 'images', digest);
  const at = { bundle: join(staged, STAGED.bundle), packages: join(staged, STAGED.packages) };
  await rm(staged, { recursive: true, force: true });
  for (const folder of Object.values(at)) await mkdir(folder, { recursive: true });
  for (const name of namesOf(bundle)) await cp(join(dir, name), join(at.bundle, name));
  const dependencies = Object.fromEntries(outside.map(({ name, version }) => [name, version]));
  const manifest = { private: true, description: 'Packages outside the bundle.', dependencies };
  // Not all builders copy a folder in which there is nothing.
  const [name, text] =
    outside.length > 0 ? ['package.json', JSON.stringify(manifest, null, 2)] : ['.keep', ''];
  await writeFile(join(at.packages, name), text);
  await writeFile(join(staged, 'Dockerfile'), madeDockerfile(bundle));
  return staged;
}

/** KT_BUILDER, else the first that is installed. */
async function builderAtHand(env = process.env): Promise<string> {
  const wanted = env['KT_BUILDER'];
  if (wanted !== undefined && wanted !== '') return wanted;
  const folders = (env['PATH'] ?? '').split(delimiter);
  for (const name of BUILDERS) {
    for (const folder of folders) {
      const found = await access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return name;
    }
  }
  throw new KtError({
    code: 'NO_BUILDER',
    path: 'delivery',
    message: `None of ${BUILDERS.join(', ')} is installed.`,
    hint: 'Install one, name another with KT_BUILDER, or use --delivery registry, which needs none.',
  });
}

function spawnCommand({ command, args, dir, env = {}, progress }: Run): Promise<void> {
  const typed = [command, ...args].map(shellWord).join(' ');
  progress(typed);
  return new Promise((done, fail) => {
    let last = '';
    const child = spawn(command, args, {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const hear = (chunk: Buffer): void => void (last = (last + chunk.toString()).slice(-LAST_WORDS));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', error => {
      const hint = 'Install it, or use --delivery registry, which needs no builder.';
      fail(
        new KtError({
          code: 'NO_BUILDER',
          path: command,
          message: `It cannot be run: ${error.message}.`,
          hint,
        }),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      const hint = `Try it by hand: ${typed}`;
      fail(
        new KtError({
          code: 'BUILD_FAILED',
          path: command,
          message: `It ended with ${signal ?? String(code)}: ${last.trim()}`,
          hint,
        }),
      );
    });
  });
}
