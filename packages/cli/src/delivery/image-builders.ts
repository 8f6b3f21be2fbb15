/** Writes the commands of docker, podman, nerdctl, buildah, kind, k3d and minikube for an image. Pure. */
import { basename } from 'node:path';

/** A program with its arguments. */
export interface Command {
  command: string;
  args: string[];
}

/** In the order in which they are looked for. */
export const BUILDERS = ['docker', 'podman', 'nerdctl', 'buildah'] as const;

/** What is built of what. */
export interface ImageBuild {
  image: string;
  /** The Dockerfile. */
  file: string;
  /** Folder that it copies from. */
  context: string;
  args: Readonly<Record<string, string>>;
  platform?: string | undefined;
  /** The registry speaks plain HTTP. docker has that in the configuration of its daemon. */
  insecure?: boolean | undefined;
}

/** Clusters on this machine, which take images without a registry. */
export type LocalCluster = { kind: 'kind' | 'k3d' | 'minikube'; name: string };

/** Which of them a context of the kubeconfig is, by the names that they give; undefined where none. */
export function localCluster(kubeContext: string): LocalCluster | undefined {
  const [, kind, name] = /^(kind|k3d)-(.+)$/.exec(kubeContext) ?? [];
  if (kind !== undefined && name !== undefined) return { kind: kind as 'kind' | 'k3d', name };
  return kubeContext === 'minikube' ? { kind: 'minikube', name: kubeContext } : undefined;
}

const skipsTls = (builder: string, insecure: boolean): string[] =>
  insecure && ['podman', 'buildah'].includes(basename(builder)) ? ['--tls-verify=false'] : [];
const leading = (builder: string, insecure: boolean): string[] =>
  insecure && basename(builder) === 'nerdctl' ? ['--insecure-registry'] : [];

/** Builds. Any builder that is not known is called as docker is. */
export function buildCommand(
  builder: string,
  { image, file, context, args, platform, insecure = false }: ImageBuild,
): Command {
  const given = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const wanted = platform === undefined ? [] : ['--platform', platform];
  const options = [...skipsTls(builder, insecure), ...wanted, ...given, '--file', file, '--tag', image];
  return { command: builder, args: [...leading(builder, insecure), 'build', ...options, context] };
}

/** Pushes what was built. */
export function pushCommand(
  builder: string,
  { image, insecure = false }: Pick<ImageBuild, 'image' | 'insecure'>,
): Command {
  return {
    command: builder,
    args: [...leading(builder, insecure), 'push', ...skipsTls(builder, insecure), image],
  };
}

/**
 * Brings what was built into a cluster of this machine; what docker has not built goes by way of a file,
 * `archive`.
 */
export function loadCommands(
  builder: string,
  { kind, name }: LocalCluster,
  { image, archive }: { image: string; archive: string },
): Command[] {
  const program = basename(builder);
  const isDocker = !['podman', 'nerdctl', 'buildah'].includes(program);
  const what = isDocker ? image : archive;
  const load: Record<LocalCluster['kind'], string[]> = {
    kind: ['load', isDocker ? 'docker-image' : 'image-archive', what, '--name', name],
    k3d: ['image', 'import', what, '--cluster', name],
    minikube: ['image', 'load', what, '--profile', name],
  };
  const save: Record<string, string[]> = {
    podman: ['save', '--format', 'docker-archive', '--output', archive, image],
    nerdctl: ['save', '--output', archive, image],
    buildah: ['push', image, `docker-archive:${archive}:${image}`],
  };
  const saved = save[program];
  return [
    ...(saved === undefined ? [] : [{ command: builder, args: saved }]),
    { command: kind, args: load[kind] },
  ];
}
