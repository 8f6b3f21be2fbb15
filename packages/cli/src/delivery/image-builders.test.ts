import { expect, test } from 'vitest';
import { buildCommand, loadCommands, localCluster, pushCommand } from './image-builders.js';

const line = ({ command, args }: { command: string; args: string[] }): string => [command, ...args].join(' ');
const BUILD = { image: 'r.example/a:1', file: 'F', context: 'C', args: { BASE: 'b' } };

test.each([
  ['kind-dev', { kind: 'kind', name: 'dev' }],
  ['kind-my-kind-2', { kind: 'kind', name: 'my-kind-2' }],
  ['k3d-dev', { kind: 'k3d', name: 'dev' }],
  ['minikube', { kind: 'minikube', name: 'minikube' }],
  ['kind-', undefined],
  ['my-kind-dev', undefined],
  ['prod', undefined],
  ['', undefined],
])('localCluster - the context "%s"', (context, expected) => {
  expect(localCluster(context)).toEqual(expected);
});

test.each([
  ['docker', 'docker build --build-arg BASE=b --file F --tag r.example/a:1 C', 'docker push r.example/a:1'],
  [
    'podman',
    'podman build --tls-verify=false --build-arg BASE=b --file F --tag r.example/a:1 C',
    'podman push --tls-verify=false r.example/a:1',
  ],
  [
    '/opt/bin/buildah',
    '/opt/bin/buildah build --tls-verify=false --build-arg BASE=b --file F --tag r.example/a:1 C',
    '/opt/bin/buildah push --tls-verify=false r.example/a:1',
  ],
  [
    'nerdctl',
    'nerdctl --insecure-registry build --build-arg BASE=b --file F --tag r.example/a:1 C',
    'nerdctl --insecure-registry push r.example/a:1',
  ],
])('buildCommand, pushCommand - %s and a registry that speaks plain HTTP', (builder, build, push) => {
  expect(line(buildCommand(builder, { ...BUILD, insecure: true }))).toBe(build);
  expect(line(pushCommand(builder, { image: BUILD.image, insecure: true }))).toBe(push);
});

test('buildCommand, pushCommand - say nothing of TLS to a registry that has it, and the platform that is asked for', () => {
  expect(line(buildCommand('podman', { ...BUILD, platform: 'linux/arm64' }))).toBe(
    'podman build --platform linux/arm64 --build-arg BASE=b --file F --tag r.example/a:1 C',
  );
  expect(line(pushCommand('podman', BUILD))).toBe('podman push r.example/a:1');
});

test.each([
  ['docker', 'kind-dev', ['kind load docker-image i:1 --name dev']],
  [
    'podman',
    'kind-dev',
    ['podman save --format docker-archive --output t.tar i:1', 'kind load image-archive t.tar --name dev'],
  ],
  ['nerdctl', 'k3d-dev', ['nerdctl save --output t.tar i:1', 'k3d image import t.tar --cluster dev']],
  ['docker', 'k3d-dev', ['k3d image import i:1 --cluster dev']],
  [
    'buildah',
    'minikube',
    ['buildah push i:1 docker-archive:t.tar:i:1', 'minikube image load t.tar --profile minikube'],
  ],
  ['docker', 'minikube', ['minikube image load i:1 --profile minikube']],
])('loadCommands - %s and %s', (builder, context, expected) => {
  const cluster = localCluster(context);
  if (cluster === undefined) throw new Error(context);
  expect(loadCommands(builder, cluster, { image: 'i:1', archive: 't.tar' }).map(line)).toEqual(expected);
});
